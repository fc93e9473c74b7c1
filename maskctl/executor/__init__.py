"""Runs a network under a precision policy: blobs in, all blobs out."""
