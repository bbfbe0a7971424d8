// The room Tensors: see docs/architecture.md.
