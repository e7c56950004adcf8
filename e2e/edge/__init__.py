"""What API Gateway, Lambda and S3 do on AWS and the local cloud does not, put between a browser and the local cloud."""
