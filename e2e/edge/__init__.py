"""The strict edge: between a browser and the local cloud, what API Gateway, Lambda and S3 do on AWS only."""
