"""What a transfer costs on AWS: its requests are counted, and multiplied by AWS's list prices."""
