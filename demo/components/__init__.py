"""What tabs share: inputs, options, and the views of a job and a result."""
