"""Figures of merit over the samples of one problem."""


def pass_at_k(n: int, c: int, k: int) -> float | None:
    """Chance that at least one of `k` samples drawn from `n`, `c` of them correct, is correct.

    Unbiased (Chen et al. 2021, arXiv 2107.03374, section 2.1): 1 - prod_{i=n-c+1..n} (1 - k/i). None (undefined) when
    n < k: nothing says what larger samples would have held. Raises ValueError where 0 <= c <= n or 1 <= k is broken.
    """
    if not 0 <= c <= n or k < 1:
        raise ValueError(f"pass@k: found n={n}, c={c}, k={k}; expected 0 <= c <= n and k of at least 1")
    if n < k:
        return None
    if n - c < k:
        return 1.0
    # C(n-c, k) / C(n, k) is the same with c and k exchanged: the fewer factors.
    few, many = min(c, k), max(c, k)
    all_wrong = 1.0
    for i in range(n - few + 1, n + 1):
        all_wrong *= 1.0 - many / i
    return 1.0 - all_wrong


ARC_ATTEMPTS = 2
"""Attempts that the ARC Prize takes at each test input."""


def arc_output_score(n: int, c: int) -> float:
    """What one test output of an ARC task scores by `n` samples, `c` of them right: 1 where one of two attempts is.

    Of more than two samples it is the mean over every two of them, of one sample that sample alone, of none 0.
    """
    return pass_at_k(n, c, min(n, ARC_ATTEMPTS)) or 0.0 if n else 0.0
