// The room Archives: see docs/architecture.md.
