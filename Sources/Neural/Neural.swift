// The room Neural: see docs/architecture.md.
