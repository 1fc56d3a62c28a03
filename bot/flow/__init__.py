"""The flow language: its files read and checked, and the machine that a conversation moves.

Pure: no waiting, no files but in `load`, no clock, no chance. `bot.router.decide` is the door: a
snapshot and an event in, a decision out. The path of a message, in the order in which the files
are met::

    hearing            the order of deciding; the first that fits decides
      commands         something that can be said at any time: does it
      taps, refs       a button, by its id: made and signed when it was shown
      offers           what stands outside a flow's questions: the menu, "did you mean"
      question         the question that waits: what may be typed for it, and taking that
      gathering        several short messages taken as one answer
      media            a picture or voice note that nobody asked for
      topics, starts   another flow or answer comes up: start it, leave for it, give it
      stack            flows that another one interrupted, offered again
      contact_language what a message says about the language of the contact
    machine            the flow's `transitions` machine: which step comes next
      steps            entering a step, repeating its question, taking or refusing the answer
      slots            an answer read as what the slot asks for, and shown again
      choices, sends   lists and buttons; pictures, places, links
      review           the summary, Edit and back
      clocks           time-outs and reminders
      events           what a business event goes on with, or starts
      waiting          steps that wait for one, or for a while
      registered       WhatsApp's registered templates, filled in
      keeping          slots that the next runs have as well
      moving           who stands in an older version goes on in the current one
      undelivered      another way where a message did not arrive
      tickets          a person is asked for
    messages           how many messages all of that becomes

What they work on::

    turn               one event handled: the machine's model, and the effects it collects
    names              what expressions can see of the turn
    state              what a conversation remembers between turns
    flows              everything loaded: versions, commands, answers, texts, and their index
    spec               a flow as data, in one shape for every way of writing it
    ways               every way out of every step, as the file has it
    changes            what is different between two versions of a flow, and how grave it is
    onward             what two versions have in common, for those who go on in the later one

The rooms, each knowing only those below it, and `spec`::

    load               the files of flows/ and templates/, read and checked in one go
    drawing/           a flow as a picture
    lint/              what is wrong with files that can be read
    reading/           YAML to `spec`, with the place of every mistake
    dates/             days and times as people say them
    expressions/       expressions and texts, worked out in a sandbox; values shown to people
    language/          people's words: choices, commands, keywords, numbers, yes and no
"""
