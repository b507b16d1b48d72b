def handler(event):
    return {"result": ", ".join(["hello"] * event["times"])}
