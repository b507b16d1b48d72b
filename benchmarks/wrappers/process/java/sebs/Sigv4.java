package sebs;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Sends signed requests to a store that speaks a protocol of AWS.
 *
 * <p>Requests are signed with version 4 and sent over connections that stay
 * open. Safe for use by several threads.
 */
final class Sigv4 {
    /** A body of known length that can be sent again. */
    interface Body {
        long length() throws IOException;

        void send(OutputStream out) throws IOException;
    }

    private final String url;
    private final String host;
    private final String region;
    private final String service;
    private final String accessKey;
    private final String secretKey;

    /** Makes a client of the store whose access is in the variables that begin with prefix. */
    Sigv4(String prefix, String service) {
        this.url = environment(prefix + "_URL").replaceAll("/$", "");
        this.host = url.replaceFirst("^https?://", "");
        String region = System.getenv(prefix + "_REGION");
        this.region = region == null || region.isEmpty() ? "us-east-1" : region;
        this.service = service;
        this.accessKey = environment(prefix + "_ACCESS_KEY");
        this.secretKey = environment(prefix + "_SECRET_KEY");
    }

    /** Returns a variable of the store's access, which the platform sets. */
    static String environment(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalStateException(name + " is not set: config.json must name the module in its list of modules");
        }
        return value;
    }

    /** Returns bytes as a body. */
    static Body body(byte[] bytes) {
        return new Body() {
            @Override
            public long length() {
                return bytes.length;
            }

            @Override
            public void send(OutputStream out) throws IOException {
                out.write(bytes);
            }
        };
    }

    /** Sends a request and returns the whole response. */
    byte[] read(String method, String path, Map<String, String> query, Map<String, String> headers, Body body) throws IOException {
        try (InputStream in = request(method, path, query, headers, body)) {
            return in.readAllBytes();
        }
    }

    /** Sends a request and returns the response, which must be read and closed. path is not encoded; body may be null. */
    InputStream request(String method, String path, Map<String, String> query, Map<String, String> headers, Body body)
            throws IOException {
        String asked = headers.containsKey("x-amz-target") ? headers.get("x-amz-target") : method + " " + path;
        for (int attempt = 0;; attempt++) {
            HttpURLConnection connection;
            int status;
            try {
                connection = send(method, path, query, headers, body);
                status = connection.getResponseCode();
            } catch (IOException e) {
                if (attempt == 0 && !(e instanceof java.net.ConnectException || e instanceof java.net.SocketTimeoutException)) {
                    continue; // the store may have closed a connection that was idle
                }
                throw new IOException(asked + ": " + e.getMessage(), e);
            }
            if (status >= 300) {
                throw failure(connection, status, asked);
            }
            return new Whole(connection.getInputStream(), connection.getContentLengthLong(), asked);
        }
    }

    /** An answer that fails, where one of HttpURLConnection would just end, if it is not whole. */
    private static final class Whole extends FilterInputStream {
        private final String asked;
        private long missing; // negative if the length was not announced

        Whole(InputStream in, long length, String asked) {
            super(in);
            this.asked = asked;
            this.missing = length;
        }

        private int count(int read) throws IOException {
            if (read < 0 && missing > 0) {
                throw new EOFException(asked + ": " + missing + " bytes are missing");
            }
            if (missing >= 0 && read > 0) {
                missing -= read;
            }
            return read;
        }

        @Override
        public int read() throws IOException {
            int b = super.read();
            count(b < 0 ? -1 : 1);
            return b;
        }

        @Override
        public int read(byte[] b, int off, int len) throws IOException {
            return count(super.read(b, off, len));
        }

        @Override
        public long skip(long n) throws IOException {
            long skipped = super.skip(n);
            if (missing >= 0) {
                missing -= skipped;
            }
            return skipped;
        }

        @Override
        public boolean markSupported() {
            return false; // a reset would count twice
        }
    }

    private HttpURLConnection send(String method, String path, Map<String, String> query, Map<String, String> headers, Body body)
            throws IOException {
        String target = quote(path, "/");
        StringBuilder search = new StringBuilder();
        for (Map.Entry<String, String> e : new TreeMap<>(query).entrySet()) {
            search.append(search.length() == 0 ? "" : "&").append(quote(e.getKey(), "")).append('=').append(quote(e.getValue(), ""));
        }
        String content = "UNSIGNED-PAYLOAD"; // an object is not hashed: it goes over loopback or TLS
        if (!service.equals("s3")) {
            java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
            if (body != null) {
                body.send(all);
            }
            content = hex(sha256(all.toByteArray()));
        }
        URL address = new URL(url + target + (search.length() == 0 ? "" : "?" + search));
        HttpURLConnection connection = (HttpURLConnection) address.openConnection();
        connection.setRequestMethod(method);
        connection.setInstanceFollowRedirects(false);
        connection.setReadTimeout(300_000);
        for (Map.Entry<String, String> e : sign(method, target, search.toString(), headers, content).entrySet()) {
            if (!e.getKey().equals("host")) {
                connection.setRequestProperty(e.getKey(), e.getValue());
            }
        }
        if (body != null) {
            connection.setDoOutput(true);
            connection.setFixedLengthStreamingMode(body.length());
            try (OutputStream out = connection.getOutputStream()) {
                body.send(out);
            }
        }
        return connection;
    }

    private Map<String, String> sign(String method, String path, String search, Map<String, String> more, String content) {
        ZonedDateTime now = ZonedDateTime.now(ZoneOffset.UTC);
        String day = String.format("%04d%02d%02d", now.getYear(), now.getMonthValue(), now.getDayOfMonth());
        String time = day + String.format("T%02d%02d%02dZ", now.getHour(), now.getMinute(), now.getSecond());
        Map<String, String> headers = new TreeMap<>(more);
        headers.put("host", host);
        headers.put("x-amz-date", time);
        headers.put("x-amz-content-sha256", content);
        StringBuilder canonical = new StringBuilder(method + "\n" + path + "\n" + search + "\n");
        headers.forEach((name, value) -> canonical.append(name).append(':').append(value).append('\n'));
        String signed = String.join(";", headers.keySet());
        canonical.append('\n').append(signed).append('\n').append(content);
        String scope = day + "/" + region + "/" + service + "/aws4_request";
        byte[] key = ("AWS4" + secretKey).getBytes(StandardCharsets.UTF_8);
        for (String part : scope.split("/")) {
            key = hmac(key, part);
        }
        String text = "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + hex(sha256(canonical.toString().getBytes(StandardCharsets.UTF_8)));
        headers.put("authorization", "AWS4-HMAC-SHA256 Credential=" + accessKey + "/" + scope + ", SignedHeaders=" + signed
                + ", Signature=" + hex(hmac(key, text)));
        return headers;
    }

    private static IOException failure(HttpURLConnection connection, int status, String asked) throws IOException {
        String text = "";
        InputStream error = connection.getErrorStream();
        if (error != null) {
            try (error) {
                text = new String(error.readNBytes(1 << 16), StandardCharsets.UTF_8);
            }
        }
        String code = "Error";
        String message = String.valueOf(connection.getResponseMessage());
        if (text.startsWith("{")) {
            Map<?, ?> said = (Map<?, ?>) Json.parse(text);
            String type = String.valueOf(said.get("__type"));
            code = type.substring(type.lastIndexOf('#') + 1);
            Object why = said.containsKey("message") ? said.get("message") : said.get("Message");
            message = why == null ? message : why.toString();
        } else {
            code = element(text, "Code", code);
            message = element(text, "Message", message);
        }
        return new IOException(asked + ": " + code + ": " + message + " (HTTP status " + status + ")");
    }

    /** Returns the text of the first element of a name, or the default. */
    static String element(String xml, String name, String otherwise) {
        Matcher found = Pattern.compile("<" + name + ">([^<]*)</" + name + ">").matcher(xml);
        return found.find() ? unescape(found.group(1)) : otherwise;
    }

    private static final Pattern ENTITY = Pattern.compile("&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([a-z]+));");

    /** Returns what the text of an XML element stands for. */
    static String unescape(String text) {
        Map<String, String> names = Map.of("lt", "<", "gt", ">", "quot", "\"", "apos", "'", "amp", "&");
        return ENTITY.matcher(text).replaceAll(m -> {
            String s = m.group(3) != null ? names.getOrDefault(m.group(3), m.group())
                    : Character.toString(m.group(1) != null ? Integer.parseInt(m.group(1), 16) : Integer.parseInt(m.group(2)));
            return Matcher.quoteReplacement(s);
        });
    }

    /** Encodes text as signatures want it: everything but letters, digits, -._~ and the characters of safe. */
    private static String quote(String text, String safe) {
        StringBuilder s = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "-._~".indexOf(c) >= 0 || safe.indexOf(c) >= 0) {
                s.append(c);
            } else {
                s.append('%').append(Character.toUpperCase(Character.forDigit(c >> 4, 16))).append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
            }
        }
        return s.toString();
    }

    private static byte[] sha256(byte[] data) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(data);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e); // every platform has it
        }
    }

    private static byte[] hmac(byte[] key, String data) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(data.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e); // every platform has it
        }
    }

    private static String hex(byte[] bytes) {
        StringBuilder s = new StringBuilder();
        for (byte b : bytes) {
            s.append(Character.forDigit(b >> 4 & 15, 16)).append(Character.forDigit(b & 15, 16));
        }
        return s.toString();
    }
}
