"""The screens: the live one, and the dialogs over it."""
