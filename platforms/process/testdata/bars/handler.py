import os

BODY = b'{"begin_us":1,"value":"%s"}' % (b"abcdefg " * 160)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


def main():
    while os.read(3, 65536):
        os.write(3, ANSWER)
