def write(out, to):
    pass
