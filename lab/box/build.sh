#!/usr/bin/env bash
# Builds a Vagrant box for libvirt out of the embedded lab's root file system (Debian sid with MySQL) and Debian's
# own kernel. Nothing is downloaded but Debian packages, from the archive that this machine's apt uses.
#
#   sudo lab/box/build.sh [OUTPUT.box]          default: signet-lab.box in the current directory
#   vagrant box add --name signet-lab signet-lab.box
#   SIGNET_VAGRANT_BOX=signet-lab vagrant up --provider libvirt
#
# Needs root (loop device, mounts, chroot) on amd64 Debian or Ubuntu; takes about two minutes and 3 GB of disk.
set -euo pipefail

project=$(cd "$(dirname "$0")/../.." && pwd)
output=$(realpath -m "${1:-signet-lab.box}")
# Size of the virtual disk; the box holds only what is used of it.
disk_size=${SIGNET_BOX_DISK:-8G}

fail() { echo "build.sh: $*" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || fail 'needs root: it mounts a loop device and works in a chroot. Run it with sudo.'
[ "$(dpkg --print-architecture)" = amd64 ] || fail 'builds boxes for amd64 only.'

missing=()
for entry in mke2fs:e2fsprogs sfdisk:fdisk extlinux:extlinux qemu-img:qemu-utils; do
  command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
done
[ -e /usr/lib/EXTLINUX/mbr.bin ] || missing+=(extlinux)
if [ "${#missing[@]}" -gt 0 ]; then
  echo "Installing Debian packages: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "could not install ${missing[*]}; try apt-get update first."
fi

root_file_system=$(node "$project/bin/signet.js" lab prepare)
work=$(mktemp -d /var/tmp/signet-box.XXXXXX)
loop=
clean_up() {
  local code=$?
  for path in mnt root/proc root/sys root/dev/pts root/dev root; do
    if mountpoint -q "$work/$path"; then umount "$work/$path"; fi
  done
  [ -z "$loop" ] || losetup -d "$loop"
  rm -rf --one-file-system "$work"
  exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# A copy that costs nothing: the lab's own root file system stays as it is.
mkdir "$work"/{root,upper,overlay,mnt,box}
mount -t overlay overlay \
  -o "lowerdir=$root_file_system,upperdir=$work/upper,workdir=$work/overlay" "$work/root"
for path in proc sys dev dev/pts; do mount --bind "/$path" "$work/root/$path"; done

echo 'Installing the kernel, and scp, which Vagrant copies files with'
cp --remove-destination /etc/resolv.conf "$work/root/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' >"$work/root/usr/sbin/policy-rc.d"
chmod 755 "$work/root/usr/sbin/policy-rc.d"
mkdir -p "$work/root/etc/initramfs-tools/conf.d"
# A small initramfs: the disk and file system of this box, nothing for other hardware.
echo 'MODULES=list' >"$work/root/etc/initramfs-tools/conf.d/signet"
inside() { chroot "$work/root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"; }
printf '%s\n' virtio_pci virtio_blk ext4 >"$work/root/etc/initramfs-tools/modules"
log=$work/apt.log
# A mirror may be a frozen snapshot whose Release file has expired; signatures are still checked.
{
  inside apt-get -q -o 'Acquire::Check-Valid-Until=false' update &&
    inside apt-get -y -q --no-install-recommends -o Dpkg::Options::=--force-confold install \
      linux-image-cloud-amd64 initramfs-tools openssh-client
} >"$log" 2>&1 || { tail -n 20 "$log" >&2; fail 'the kernel could not be installed.'; }
inside apt-get clean
rm -rf "$work"/root/var/lib/apt/lists/* "$work/root/usr/sbin/policy-rc.d" "$work/root/etc/resolv.conf"

echo 'Adding what Vagrant expects'
inside useradd -m -s /bin/bash vagrant
echo 'vagrant ALL=(ALL) NOPASSWD:ALL' >"$work/root/etc/sudoers.d/vagrant"
chmod 440 "$work/root/etc/sudoers.d/vagrant"
# Vagrant's well-known key; `vagrant up` replaces it by one of its own at the first boot.
install -d -m 700 "$work/root/home/vagrant/.ssh"
install -m 600 "$project/lab/box/vagrant.pub" "$work/root/home/vagrant/.ssh/authorized_keys"
inside chown -R vagrant: /home/vagrant/.ssh
printf '/dev/vda1 / ext4 defaults,noatime 0 1\n' >"$work/root/etc/fstab"
printf '127.0.0.1 localhost\n::1 localhost\n' >"$work/root/etc/hosts"
echo signet >"$work/root/etc/hostname"
: >"$work/root/etc/machine-id"
# eth0 is Vagrant's own network; Vagrant itself writes a file for each private network.
cat >"$work/root/etc/systemd/network/90-vagrant-dhcp.network" <<'NETWORK'
[Match]
Name=eth0
[Network]
DHCP=ipv4
[DHCPv4]
ClientIdentifier=mac
NETWORK
inside systemctl -q enable systemd-networkd.service
inside systemctl -q mask systemd-firstboot.service systemd-udev-settle.service
# Hardware that this box never needs, and that costs an emulated machine minutes to look for.
printf 'blacklist %s\n' ata_piix ata_generic kvm_amd kvm_intel psmouse virtio_balloon cirrus bochs parport_pc \
  floppy i2c_piix4 pcspkr powernow_k8 acpi_cpufreq usbhid uhci_hcd ehci_hcd \
  >"$work/root/etc/modprobe.d/signet.conf"
# systemd rebuilds caches at the first boot when /usr looks newer than these.
touch "$work/root/etc/.updated" "$work/root/var/.updated"
# Host keys are made at the first boot: no two machines share one. RSA takes half a minute in an emulated machine.
cat >"$work/root/etc/systemd/system/ssh-host-keys.service" <<'UNIT'
[Unit]
Description=Host keys of sshd, made at the first boot
Before=ssh.service
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -q -t ecdsa -N '' -f /etc/ssh/ssh_host_ecdsa_key
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
[Install]
WantedBy=multi-user.target
UNIT
inside systemctl -q enable ssh-host-keys.service ssh.service
# In an emulated machine a login may take a minute: sshd must neither give up nor punish the one who asks again.
# The key exchange that Vagrant's ssh would choose by itself is the most expensive one.
cat >"$work/root/etc/ssh/sshd_config.d/signet-box.conf" <<'SSHD'
LoginGraceTime 600
PerSourcePenalties no
MaxStartups 100
KexAlgorithms mlkem768x25519-sha256,curve25519-sha256,ecdh-sha2-nistp256
SSHD

kernel=$(cd "$work/root/boot" && ls vmlinuz-* | sort -V | tail -n 1)
initrd=${kernel/vmlinuz/initrd.img}
mkdir -p "$work/root/boot/extlinux"
cat >"$work/root/boot/extlinux/extlinux.conf" <<CONFIG
default debian
prompt 0
timeout 0
label debian
  kernel ../$kernel
  initrd ../$initrd
  append root=/dev/vda1 rootfstype=ext4 rw quiet net.ifnames=0 audit=0 mitigations=off console=tty0 console=ttyS0,115200
CONFIG
for path in dev/pts dev sys proc; do umount "$work/root/$path"; done

echo 'Writing the disk'
disk=$work/disk.raw
truncate -s "$disk_size" "$disk"
echo 'start=2048, type=83, bootable' | sfdisk -q "$disk"
dd if=/usr/lib/EXTLINUX/mbr.bin of="$disk" bs=440 count=1 conv=notrunc status=none
loop=$(losetup --find --show --offset $((2048 * 512)) "$disk")
# The boot loader reads neither 64-bit block numbers nor checksums of metadata.
mke2fs -q -t ext4 -O '^64bit,^metadata_csum' -L signet -d "$work/root" "$loop"
mount "$loop" "$work/mnt"
extlinux --install "$work/mnt/boot/extlinux" >/dev/null 2>&1 || fail 'extlinux could not be installed.'
umount "$work/mnt"
losetup -d "$loop"
loop=

echo 'Packing the box'
qemu-img convert -O qcow2 -c -o compression_type=zstd "$disk" "$work/box/box.img"
printf '{"provider":"libvirt","format":"qcow2","virtual_size":%d}\n' "$(numfmt --from=iec "$disk_size" | awk '{print int($1/1073741824)}')" \
  >"$work/box/metadata.json"
echo "Vagrant.configure('2') { |config| config.vm.provider(:libvirt) { |libvirt| libvirt.disk_bus = 'virtio' } }" \
  >"$work/box/Vagrantfile"
tar -C "$work/box" -cf "$work/out.box" metadata.json Vagrantfile box.img
mv "$work/out.box" "$output"
echo "Built $output ($(du -h "$output" | cut -f1))."
