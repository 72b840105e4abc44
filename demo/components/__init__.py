"""What tabs share: inputs, the view of a job, the view of a result."""
