"""What an answer costs, what happens when the money runs out, and what the figures say.

money          amounts as whole billionths of a dollar
ledger         one entry a paid or timed step; sums beside it
budgets        a month's limit, and the levels it leads down to
metered_chat   a chat model that pays
day_figures    the counters of a day, folded out of the change stream by `counting`
insights       what the console's charts show
measurements   the service's minutes and hours, for its objectives
"""
