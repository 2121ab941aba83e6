"""Engines that compute logits: torch, ONNX Runtime and OpenVINO behind one interface, chosen by a trial on this host.

- ``selection.best_engine(model_folder, ValidationRows(texts, targets))`` runs the trial once and loads the chosen engine;
  ``choose_engine`` returns the choice with its reason, ``stored_choice`` the one of an earlier trial.
- ``load.load_engine(model_folder, name)`` loads an engine by name, or the chosen one.
- ``load.load_feature_encoder(encoder, max_length)`` computes frozen features.
"""
