"""All ways of a flow walked without anybody writing a script: `bot test --explore`.

    exploring   the door: which flows, what was found, what could not be reached
    walking     breadth-first over everything that can be said or happen, on forks of a `Chat`
    moves       what can be said or happen where a conversation stands
    samples     what a customer may answer to a question
    patterns    texts that fit a pattern
    shapes      what a flow expects of the data that calls give it
    shape       one piece of such data
    made_up     such data, so that each condition comes out both ways
    standing    when two conversations stand at the same place
    faults      what is wrong with where a conversation has come
"""
