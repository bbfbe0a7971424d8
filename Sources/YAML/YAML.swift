// The room YAML: see docs/architecture.md.
