"""What the SMPP bridge hands in, and an exhibit of its channel."""
