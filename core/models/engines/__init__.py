"""Engines that compute logits: torch, ONNX Runtime and OpenVINO behind one interface, chosen by a trial on this host."""
