// The room Imaging: see docs/architecture.md.
