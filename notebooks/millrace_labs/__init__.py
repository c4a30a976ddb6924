"""The labs of millrace: what a cell imports (`from millrace_labs import lab`), and what reads, runs, checks and grades them.

    source    a lab's Markdown as exercises, cells and prose          docs/labs.md
    lab       what a student's cell has: a broker, topics, plots
    texts     what the helpers and the figures say, in Italian too
    run       one exercise in a process of its own, with a fresh broker and a deadline; its checks in another
    prove     every check of a lab is failed by the skeleton, passed by the solution, failed by the typical mistakes
    build     the notebooks       school    the labs in a terminal       grade    a class, in sandboxes, as a table

Standard library and confluent_kafka, as Debian 12 has them.
"""
