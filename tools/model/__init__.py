"""Turns published weights into the ONNX models that Rimedio ships."""
