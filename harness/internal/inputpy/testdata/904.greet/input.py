TIMES = {"test": 1, "small": 2, "large": 4}


def generate_input(data_dir, size, benchmarks_bucket, input_paths, output_paths, upload_func, nosql_func):
    return {"times": TIMES[size]}


def validate_output(data_dir, input_config, output, language, storage=None):
    if output["result"].split(", ") != ["hello"] * input_config["times"]:
        return "want %d greetings, got %r" % (input_config["times"], output["result"])
