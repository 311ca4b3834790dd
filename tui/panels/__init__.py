"""The panels of the screens, one file each; they draw lines and hold no numbers of their own."""
