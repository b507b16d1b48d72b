#!/bin/bash
# Runs the installer of a builder image in /mnt/function, as the user whom that
# folder belongs to, so that who started the build owns what it makes. A folder
# of root's is given to an unprivileged user meanwhile, and handed back.
#
# The container ends when its standard input does: a build does not outlive who
# waits for it. What the host lends (settings of package managers) is mounted
# below /etc/sebs/home and copied, as it may be readable for root alone.
set -euo pipefail
folder=/mnt/function
owner=$(stat -c %u:%g "$folder")
user=$owner
if [ "${owner%%:*}" = 0 ]; then
  user=65534:65534
  chown -R "$user" "$folder"
fi

export HOME=/tmp/home
mkdir -p "$HOME" /var/cache/sebs
if [ -d /etc/sebs/home ]; then cp -rL /etc/sebs/home/. "$HOME"; fi
chown -R "$user" "$HOME"
if [ "$(stat -c %u:%g /var/cache/sebs)" != "$user" ]; then chown -R "$user" /var/cache/sebs; fi

setpriv --reuid="${user%%:*}" --regid="${user##*:}" --clear-groups --no-new-privs \
  bash /usr/local/lib/sebs/installer.sh <&- &
installer=$!
exec 3<&0
{ while read -r _ <&3; do :; done; kill -KILL "$installer"; } 2>/dev/null &
exec 3<&-
status=0
wait "$installer" || status=$?
if [ "$user" != "$owner" ]; then chown -R "$owner" "$folder"; fi
exit "$status"
