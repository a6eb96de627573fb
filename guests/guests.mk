# Guest images, from Debian's arm64 packages, below build/guests. Included by the top Makefile;
# also usable alone: make -f guests/guests.mk guests-tiny
GUESTS := build/guests
export GUESTS

.PHONY: guests guests-tiny guests-debian
guests: guests-tiny guests-debian
guests-tiny: $(foreach k,6.1 6.12,$(GUESTS)/vmlinuz-$(k) $(GUESTS)/tiny-$(k).cpio)

# Kernels: series and the Debian release that has it. Image and modules come from one recipe.
$(GUESTS)/kernel-6.1.stamp: suite := bookworm
$(GUESTS)/kernel-6.12.stamp: suite := trixie
$(GUESTS)/kernel-%.stamp: guests/kernel.sh guests/modules.txt
	@mkdir -p $(GUESTS)
	@sh guests/kernel.sh $* $(suite)
	@touch $@
$(GUESTS)/vmlinuz-%: $(GUESTS)/kernel-%.stamp ;

$(GUESTS)/busybox: guests/apt.sh
	@mkdir -p $(GUESTS)/work
	@rm -rf $(GUESTS)/work/busybox
	@sh guests/apt.sh fetch trixie $(GUESTS)/work/busybox busybox-static
	@dpkg-deb -x $(GUESTS)/work/busybox/*.deb $(GUESTS)/work/busybox
	@mv $(GUESTS)/work/busybox/usr/bin/busybox $@ && touch $@
	@rm -rf $(GUESTS)/work/busybox

$(GUESTS)/tiny-%.cpio: $(GUESTS)/kernel-%.stamp $(GUESTS)/busybox guests/initramfs.sh guests/tiny/init $(wildcard guests/tiny/jobs/*)
	@sh guests/initramfs.sh $@ $(GUESTS)/modules-$* guests/tiny

.PRECIOUS: $(GUESTS)/kernel-%.stamp
