# Guest images, from Debian's arm64 packages, below build/guests. Included by the top Makefile;
# also usable alone: make -f guests/guests.mk guests-tiny
GUESTS := build/guests
export GUESTS

# Several makes may want the images at once (tests, make run): what is out of date is looked at under
# a lock, the others wait. Two locks, so that the small images don't wait for the big one.
locked = +@flock -n $(GUESTS)/lock-$(1) true || echo "guests: another make builds this, waiting for it"; \
	flock $(GUESTS)/lock-$(1) $(MAKE) -s --no-print-directory -f guests/guests.mk guests-$(1)-files

.PHONY: guests guests-tiny guests-debian guests-tiny-files guests-debian-files
guests: guests-debian
guests-tiny: | $(GUESTS)/work
	$(call locked,tiny)
guests-debian: guests-tiny
	$(call locked,debian)
$(GUESTS)/work:
	@mkdir -p $@

guests-tiny-files: $(foreach k,6.1 6.12,$(GUESTS)/vmlinuz-$(k) $(GUESTS)/tiny-$(k).cpio)

# Kernels: series and the Debian release that has it. Image and modules come from one recipe.
$(GUESTS)/kernel-6.1.stamp: suite := bookworm
$(GUESTS)/kernel-6.12.stamp: suite := trixie
$(GUESTS)/kernel-%.stamp: guests/kernel.sh guests/modules.txt
	@sh guests/kernel.sh $* $(suite)
	@touch $@
$(GUESTS)/vmlinuz-%: $(GUESTS)/kernel-%.stamp ;

$(GUESTS)/busybox: guests/apt.sh
	@rm -rf $(GUESTS)/work/busybox
	@sh guests/apt.sh fetch trixie $(GUESTS)/work/busybox busybox-static
	@dpkg-deb -x $(GUESTS)/work/busybox/*.deb $(GUESTS)/work/busybox
	@mv $(GUESTS)/work/busybox/usr/bin/busybox $@ && touch $@
	@rm -rf $(GUESTS)/work/busybox

$(GUESTS)/tiny-%.cpio: $(GUESTS)/kernel-%.stamp $(GUESTS)/busybox guests/initramfs.sh $(wildcard guests/common/*) guests/tiny/init $(wildcard guests/tiny/jobs/*)
	@sh guests/initramfs.sh $@ $(GUESTS)/modules-$* guests/tiny

.PRECIOUS: $(GUESTS)/kernel-%.stamp

# The Debian root, and the initramfs that lays memory over it. Short names are the 6.12 pair.
DEBIAN := $(GUESTS)/work/debian
initrd_parts := $(GUESTS)/busybox guests/initramfs.sh $(wildcard guests/common/*) $(shell find guests/debian/initrd -type f)

guests-debian-files: $(GUESTS)/debian.ext4 $(GUESTS)/debian-initrd-6.1.cpio $(GUESTS)/vmlinuz-6.1 $(GUESTS)/vmlinuz $(GUESTS)/initrd
$(GUESTS)/vmlinuz: $(GUESTS)/vmlinuz-6.12
	@ln -sf vmlinuz-6.12 $@
$(GUESTS)/initrd: $(GUESTS)/debian-initrd.cpio
	@ln -sf debian-initrd.cpio $@
$(GUESTS)/debian-initrd.cpio: $(GUESTS)/kernel-6.12.stamp $(initrd_parts)
	@sh guests/initramfs.sh $@ $(GUESTS)/modules-6.12 guests/debian/initrd
$(GUESTS)/debian-initrd-6.1.cpio: $(GUESTS)/kernel-6.1.stamp $(initrd_parts)
	@sh guests/initramfs.sh $@ $(GUESTS)/modules-6.1 guests/debian/initrd

$(DEBIAN)/debs.stamp: guests/debian/packages.txt
	@mkdir -p $(DEBIAN)
	@sh guests/apt.sh closure trixie $(DEBIAN)/debs $$(cat $<)
	@touch $@
# Debian 12's, since what is measured with it shall not change with a point release of 13.
$(DEBIAN)/source.stamp:
	@mkdir -p $(DEBIAN)
	@sh guests/apt.sh source bookworm $(DEBIAN)/source gnuchess
	@touch $@
$(DEBIAN)/debian.raw: $(DEBIAN)/debs.stamp $(DEBIAN)/source.stamp guests/debian.sh guests/debian/unpack.py guests/debian/second-stage
	@fakeroot bash guests/debian.sh unpack
# Made with the initramfs, but a change to that doesn't change the image.
$(GUESTS)/debian.ext4: $(DEBIAN)/debian.raw $(GUESTS)/vmlinuz-6.12 | $(GUESTS)/debian-initrd.cpio
	@bash guests/debian.sh configure
