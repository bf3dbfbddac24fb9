# What images are built on where no registry of images is in reach: Debian's packages, as mmdebstrap unpacks them, and
# the authorities that this machine trusts. Nothing of it is in a finished image.
FROM scratch
ADD debian.tar /
COPY authorities/ /usr/local/share/ca-certificates/
COPY apt/ /etc/apt/
RUN update-ca-certificates
