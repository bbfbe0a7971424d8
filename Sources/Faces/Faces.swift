// The room Faces: see docs/architecture.md.
