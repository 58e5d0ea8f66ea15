"""A storm: the product on the local cloud, with all that can happen to it at once, drawn by a seed.

`drawing` says what happens, `bodies` how a message of it looks, `running` has it happen. `seeing`
makes of the local cloud's journal what `checking` and `truth` judge: these three know nothing of
the product but what the documents promise. `telling` has the table.
"""
