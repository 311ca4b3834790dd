"""One module per subcommand. None of them imports textual but `lab`, and that one late."""
