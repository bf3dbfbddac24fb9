#!/bin/sh
# rootfs.sh PACKAGE...: in a build stage, make /rootfs of Debian packages and all that they depend on. No script of a
# package is run, and nothing that they don't name is in it: no shell, no package manager, no account but the two below.
set -eu

mkdir -p /debs/partial /rootfs/etc /rootfs/tmp /rootfs/home/notary /rootfs/var/lib/dpkg/status.d
for folder in bin sbin lib lib64; do
  mkdir -p "/rootfs/usr/$folder"
  ln -s "usr/$folder" "/rootfs/$folder"
done
chmod 1777 /rootfs/tmp
echo 'notary:x:65532:65532:notary:/home/notary:/usr/sbin/nologin' >/rootfs/etc/passwd
echo 'notary:x:65532:' >/rootfs/etc/group
echo 'hosts: files dns' >/rootfs/etc/nsswitch.conf
# Over which every container has its own mounted.
touch /rootfs/etc/hosts /rootfs/etc/hostname /rootfs/etc/resolv.conf

# Against an empty list of what is installed apt brings every dependency, whatever the build stage itself has.
: >/debs/none
apt-get install --yes --no-install-recommends --download-only \
  -o Dir::State::status=/debs/none -o Dir::Cache::archives=/debs "$@"
for deb in /debs/*.deb; do
  dpkg-deb --fsys-tarfile "$deb" | tar --extract --keep-directory-symlink --directory /rootfs
  # Where scanners look for what an image without a package manager is made of.
  dpkg-deb --field "$deb" >"/rootfs/var/lib/dpkg/status.d/$(dpkg-deb --field "$deb" Package)"
done
find /rootfs -perm /6000 -exec chmod a-s {} +
find /rootfs/usr/share/doc -type f ! -name copyright -delete
rm -rf /debs /rootfs/etc/apt /rootfs/usr/share/man /rootfs/usr/share/info /rootfs/usr/share/locale /rootfs/usr/share/lintian
