"""The price of a job: the number of billed tokens."""

from __future__ import annotations

from together_ext.errors import Numbers


def token_count(*, n_epochs: int, training_tokens: int, n_evals: int = 0, validation_tokens: int = 0) -> int:
    """Number of billed tokens of a job, by the service's rule.

    It is `n_epochs * training_tokens + n_evals * validation_tokens`; the price of a token depends on the model's size
    and on how it is trained (`FineTuning.estimate_price` requests it).

    Args:
        n_epochs: Passes over the training file.
        training_tokens: Tokens of the training file.
        n_evals: Evaluations on the validation file.
        validation_tokens: Tokens of the validation file.

    Raises:
        RuleError: One of them is not a whole number from 0.
    """
    given = {
        "n_epochs": n_epochs,
        "training_tokens": training_tokens,
        "n_evals": n_evals,
        "validation_tokens": validation_tokens,
    }
    for name, value in given.items():
        Numbers(0, whole=True).check(name, value)
    return n_epochs * training_tokens + n_evals * validation_tokens
