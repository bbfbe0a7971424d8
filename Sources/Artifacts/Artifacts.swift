// The room Artifacts: see docs/architecture.md.
