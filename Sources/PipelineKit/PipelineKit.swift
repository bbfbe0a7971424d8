// The room PipelineKit: see docs/architecture.md.
