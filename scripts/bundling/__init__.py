"""What is deployed: the bundle, made from code/ and its dependencies."""
