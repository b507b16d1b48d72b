#!/bin/bash
# Builds a Java function in its folder: its classes and those of its wrapper in
# classes, the libraries that it depends on in lib. The result does not depend
# on where the folder is.
#
# FUNCTION_DIR          the folder (default: /mnt/function)
# JAVA_HOME             the JDK (default: the one of javac on the PATH)
# MVN                   Maven (default: mvn), for functions with dependencies
# VERSION, PLATFORM, TARGET_ARCHITECTURE    for package.sh
#
# pom.xml names the dependencies by exact versions; nothing else of it is used.
# package.sh, where there is one, trims what was built, and is removed, and so
# are the sources.
set -euo pipefail
cd "${FUNCTION_DIR:-/mnt/function}"
javac="${JAVA_HOME:+$JAVA_HOME/bin/}javac"
unavailable() { # what, and what to do: see build.Install
  echo "not available: $1" >&2
  exit 69
}
command -v "$javac" >/dev/null || unavailable "no $javac: apt-get install default-jdk-headless, or set JAVA_HOME to the folder of a JDK"
if [ ! -f src/main/java/function/Function.java ]; then
  echo "there is no src/main/java/function/Function.java, the class function.Function with the method Map<String, Object> handler(Map<String, Object>)" >&2
  exit 1
fi
unset CLASSPATH JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS JDK_JAVAC_OPTIONS

# trust makes the key store $2 of Java from the certificates in $1, which it
# does not read as they are.
trust() {
  local folder
  folder=$(mktemp -d)
  cat >"$folder/Trust.java" <<'END'
import java.io.*;
import java.security.KeyStore;
import java.security.cert.*;

public class Trust {
  public static void main(String[] args) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    int n = 0;
    try (InputStream in = new BufferedInputStream(new FileInputStream(args[0]))) {
      for (Certificate c : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry("c" + n++, c);
      }
    }
    try (OutputStream out = new FileOutputStream(args[1])) {
      store.store(out, "changeit".toCharArray());
    }
  }
}
END
  "${javac%c}" "$folder/Trust.java" "$1" "$2"
  rm -rf "$folder"
}

# What the user's settings say about repositories holds.
mkdir -p classes lib
if [ -f pom.xml ] && grep -q '<dependency>' pom.xml; then
  mvn="${MVN:-mvn}"
  command -v "$mvn" >/dev/null || unavailable "no $mvn: apt-get install maven, or set MVN to its path"
  if [ "${PLATFORM:-}" != PROCESS ] && [ -f "${SSL_CERT_FILE:-}" ]; then # this machine's are another's
    trust "$SSL_CERT_FILE" "$HOME/trust"
    MAVEN_OPTS="${MAVEN_OPTS:-} -Djavax.net.ssl.trustStore=$HOME/trust -Djavax.net.ssl.trustStorePassword=changeit"
    export MAVEN_OPTS
  fi
  "$mvn" --batch-mode --no-transfer-progress --file pom.xml \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DincludeScope=runtime -Dmdep.prependGroupId=true -DoutputDirectory="$PWD/lib" || {
    said="$("$mvn" --version 2>&1)" || unavailable "$mvn does not work: ${said##*$'\n'}: apt-get install maven, or set MVN to the path of one that does"
    exit 1
  }
  rm -rf target
fi

find src/main/java sebs -name '*.java' | LC_ALL=C sort > sources
# The wrapper takes a descriptor by its number, which is not meant for everyone.
"$javac" -nowarn -XDignore.symbol.file -g:source,lines -encoding UTF-8 -proc:none -classpath 'lib/*' -d classes @sources || {
  said="$("$javac" -version 2>&1)" || unavailable "$javac does not work: ${said##*$'\n'}: apt-get install default-jdk-headless"
  echo "an error in sebs/ is one of src/main/java/function/Function.java: want package function; public class Function with public Map<String, Object> handler(Map<String, Object> event)" >&2
  exit 1
}
if [ -d src/main/resources ]; then
  cp -R src/main/resources/. classes/
fi
rm -rf sources sebs src pom.xml
rmdir lib 2>/dev/null || true

if [ -f package.sh ]; then
  /bin/bash package.sh .
  rm -f package.sh
fi
