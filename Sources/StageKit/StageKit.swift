// The room StageKit: see docs/architecture.md.
