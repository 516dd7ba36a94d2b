"""`python -m rimedio` is `rimedio`."""

from rimedio.cli import main

if __name__ == "__main__":
    main()
