/* SPDX-License-Identifier: Apache-2.0 */
/* The boot order. arch/boot.S calls kernel_main() once, on the boot CPU, with interrupts off. */
#include "abi/boot_info.h"
#include "arch/cpu.h"
#include "arch/features.h"
#include "arch/fpu.h"
#include "arch/lapic.h"
#include "arch/percpu.h"
#include "arch/segments.h"
#include "arch/trap.h"
#include "boot/boot.h"
#include "container/channel.h"
#include "container/container.h"
#include "container/stats.h"
#include "container/stdio.h"
#include "core/entropy.h"
#include "core/ipi.h"
#include "core/irq.h"
#include "core/log.h"
#include "core/machine_name.h"
#include "core/panic.h"
#include "core/shutdown.h"
#include "core/time.h"
#include "device/console.h"
#include "device/pci.h"
#include "drivers/framebuffer/framebuffer.h"
#include "drivers/ivshmem/ivshmem.h"
#include "drivers/ps2/ps2.h"
#include "drivers/uart/uart.h"
#include "drivers/vga/vga.h"
#include "drivers/virtio/virtio_probe.h"
#include "drivers/vtd/vtd.h"
#include "fs/kernel_log.h"
#include "fs/rootfs.h"
#include "gpu/amd/amd.h"
#include "gpu/paravirt/paravirt.h"
#include "ipc/message_queue.h"
#include "ipc/posix_queue.h"
#include "ipc/semaphore_set.h"
#include "ipc/shared_memory.h"
#include "lib/acpi.h"
#include "lib/cmdline.h"
#include "lib/lz4_frame.h"
#include "lib/string.h"
#include "mm/alloc_fail.h"
#include "mm/charge.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/kernel_map.h"
#include "net/interface.h"
#include "net/stack.h"
#include "payload.h"
#include "procfs/procfs.h"
#include "socket/proc_net.h"
#include "sched/cpu_start.h"
#include "sched/thread.h"
#include "socket/socket.h"
#include "syscall/table.h"
#include "vm/fault.h"

NORETURN void kernel_main(uint32_t magic, uint32_t loader_facts) __attribute__((no_stack_protector));

extern const char kernel_start[], kernel_end[];

struct percpu percpu_boot = { .self = &percpu_boot, .lock_mark = 1 };
struct percpu *percpu_table[CONFIG_CPUS_MAX] = { &percpu_boot };
uint8_t percpu_changes;
static struct boot_info boot_info;
static struct acpi_info acpi;

/* What the boot stub mapped: the first 4 GiB. Loaders leave their facts and ACPI its tables there. */
static const void *boot_view_at(const struct phys_view *view, paddr_t address, uint64_t bytes)
{
    uint64_t end;
    (void)view;
    if (add_overflows(address.raw, bytes, &end) || end > 4ull * GIANT_BYTES) return NULL;
    return direct_map(address);
}
static const struct phys_view boot_view = { boot_view_at };

static void unhandled_trap(struct trap_frame *frame)
{
    panic_trap(frame, "unexpected %s (vector %u)", trap_name(frame->vector), (unsigned)frame->vector);
}

/* Somebody's, or another CPU's last word. */
static void nmi(struct trap_frame *frame)
{
    ipi_stop_if_told();
    unhandled_trap(frame);
}

static void start_cpu(void)
{
    features_init();
    trap_init(unhandled_trap);
    trap_set_handler(TRAP_NMI, nmi);
    trap_set_handler(TRAP_PAGE_FAULT, fault_handle);
    trap_set_handler(TRAP_DOUBLE_FAULT, fault_double);
    trap_user_page_fault = fault_of_user;
}

/* What CPUID offers and cannot be used, whatever the program makes of it. */
static void report_features(void)
{
    for (uint32_t i = 0; i < fpu_layout.refusal_count; i++)
        log_warning("cpu: %s is off: %s", fpu_layout.refusals[i].what, fpu_layout.refusals[i].why);
}

/* What the command line asks of the kernel; docs/command-line.md. */
static struct {
    uint64_t tsc_khz, fail_nth;
    uint32_t rows, columns; /* of the host's terminal; 0: it passes none */
    bool has_channel, is_input_empty, is_traced, has_stats, has_gpu, is_iommu_off, is_iommu_identity;
    char net[160]; /* empty: there is none */
} options;

static void set_log_level(const char *name)
{
    static const char *const names[] = { "error", "warning", "info", "debug" };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (!strcmp(name, names[i])) log_threshold = (enum log_level)i;
}

/* ROWSxCOLUMNS */
static bool read_size(char *text)
{
    uint64_t rows, columns;
    char *by = strchr(text, 'x');
    if (!by) return false;
    *by = '\0';
    if (failed(cmdline_parse_number(text, &rows)) || failed(cmdline_parse_number(by + 1, &columns)))
        return false;
    options.rows = (uint32_t)MIN(rows, (uint64_t)UINT16_MAX);
    options.columns = (uint32_t)MIN(columns, (uint64_t)UINT16_MAX);
    return rows;
}

static bool read_iommu(const char *text)
{
    options.is_iommu_off = !strcmp(text, "off");
    options.is_iommu_identity = !strcmp(text, "identity");
    return options.is_iommu_off || options.is_iommu_identity;
}

/* False when the value makes no sense; unknown options are left to others (env=). */
static bool read_option(struct cmdline_text word)
{
    char text[sizeof("hostname=") + MACHINE_NAME_MAX + 1];
    struct cmdline_text value;
    uint64_t number = 0;
    if (cmdline_option_is(word, "env", &value)) return true;
    if (cmdline_option_is(word, "net", &value))
        return !failed(cmdline_decode(value, options.net, sizeof(options.net), NULL));
    bool has_text = !failed(cmdline_decode(word, text, sizeof(text), NULL));
    char *equals = has_text ? strchr(text, '=') : NULL;
    char *argument = equals ? equals + 1 : text + strlen(text);
    if (equals) *equals = 0;
    bool is_number = !failed(cmdline_parse_number(argument, &number));
    if (!has_text) return true;
    if (!strcmp(text, "log"))
        set_log_level(argument);
    else if (!strcmp(text, "strace"))
        options.is_traced = true;
    else if (!strcmp(text, "on_exit"))
        shutdown_set_way(strcmp(argument, "reset") ? SHUTDOWN_HALT : SHUTDOWN_RESET);
    else if (!strcmp(text, "ck.channel"))
        return options.has_channel = !strcmp(argument, "com2");
    else if (!strcmp(text, "ck.tty"))
        return read_size(argument);
    else if (!strcmp(text, "ck.stdin"))
        options.is_input_empty = !strcmp(argument, "none");
    else if (!strcmp(text, "slice_us"))
        return sched_set_slice_us(number), is_number;
    else if (!strcmp(text, "tsc_khz"))
        return options.tsc_khz = number, is_number;
    else if (!strcmp(text, "fail_nth"))
        return options.fail_nth = number, is_number && CONFIG_DEBUG;
    else if (!strcmp(text, "debug_exit"))
        return shutdown_set_debug_exit((uint16_t)number), is_number;
    else if (!strcmp(text, "ck.stats"))
        options.has_stats = true;
    else if (!strcmp(text, "gpu"))
        return options.has_gpu = !strcmp(argument, "on");
    else if (!strcmp(text, "hostname"))
        return *argument && !failed(machine_name_set(MACHINE_HOST, argument, strlen(argument)));
    else if (!strcmp(text, "iommu"))
        return read_iommu(argument);
    return true;
}

static void read_options(const char *cmdline)
{
    struct cmdline_text word;
    for (struct cmdline_words w = cmdline_options(cmdline); cmdline_next(&w, &word);)
        if (!read_option(word)) log_error("command line: bad value: %.40s", word.at);
}

static void read_loader_facts(uint32_t magic, uint32_t facts)
{
    const char *why;
    err_t e = boot_parse(&boot_view, magic, PADDR(facts), image_to_paddr(kernel_start),
                         (uint64_t)(kernel_end - kernel_start), &boot_info, &why);
    if (failed(e)) panic("boot: %s", why);
    read_options(boot_info.cmdline);
    log_info("loaded by %s, command line: %s", boot_info.protocol, boot_info.cmdline);
    e = cmdline_check(boot_info.cmdline, &why);
    if (failed(e)) log_error("command line: %s", why);
}

static void tell_failure(void)
{
    log_error("fail_nth: allocation %llu fails", (unsigned long long)options.fail_nth);
    backtrace_print();
}

/* From here on every allocation counts: those of boot, the container's and its program's. */
static void arm_failure(void)
{
    if (!CONFIG_DEBUG || !options.fail_nth) return;
    alloc_fail_hook = tell_failure;
    alloc_fail_countdown = options.fail_nth;
}

static void report_failure(void)
{
    uint64_t left = CONFIG_DEBUG ? alloc_fail_countdown : 0;
    alloc_fail_countdown = 0;
    if (left)
        log_error("fail_nth: allocation %llu is %llu more than there were",
                  (unsigned long long)options.fail_nth, (unsigned long long)left);
}

static void read_acpi(void)
{
    const char *why;
    err_t e = acpi_parse(&boot_view, boot_info.acpi_rsdp, &acpi, &why);
    if (failed(e)) log_warning("acpi: %s", why);
    if (acpi.fadt.reset.is_io)
        shutdown_set_reset_port((uint16_t)acpi.fadt.reset.address, acpi.fadt.reset_value);
}

static void start_memory(void)
{
    frame_init(&boot_info, image_to_paddr(kernel_start), image_to_paddr(kernel_end));
    kernel_map_init(&boot_info);
    heap_init();
    log_info("memory: %llu MiB free of %llu", (unsigned long long)(frame_free_count() / 256),
             (unsigned long long)(frame_total_count() / 256));
}

static struct mmio map_registers(paddr_t base)
{
    struct mmio regs = { NULL };
    err_t e = kernel_map_mmio(base, PAGE_BYTES, PAGE_UNCACHED, &regs.base);
    if (failed(e))
        log_error("cannot map device registers at %llx: %s", (unsigned long long)base.raw, err_text(e));
    return regs;
}

static void start_interrupts(void)
{
    static struct mmio ioapics[ACPI_IOAPICS_MAX];
    for (uint32_t i = 0; i < acpi.madt.ioapic_count; i++)
        ioapics[i] = map_registers(acpi.madt.ioapics[i].base);
    irq_init(&acpi.madt, map_registers(lapic_physical_base()), ioapics);
}

/* At the first use of the clock, unless the rate was told. */
static void find_time_sources(struct time_sources *out)
{
    if (!acpi.hpet.why) out->hpet = map_registers(acpi.hpet.base);
    if (acpi.fadt.pm_timer.is_io) out->pm_timer_port = (uint16_t)acpi.fadt.pm_timer.address;
    out->rtc_century = acpi.fadt.century_register;
}

static void start_clock(void) { time_init(options.tsc_khz, find_time_sources); }

/* Screens and keyboards exist on machines with a person in front of them; `ck` gives none. */
static void start_consoles(void)
{
    if (channel_is_started()) return;
    struct mmio memory = { NULL };
    uint64_t pixel_bytes = framebuffer_bytes(&boot_info.framebuffer);
    err_t e = OK;
    if (pixel_bytes) {
        e = kernel_map_mmio(boot_info.framebuffer.base, pixel_bytes, PAGE_WRITE_COMBINE, &memory.base);
        if (!failed(e)) e = framebuffer_console_start(&boot_info.framebuffer, memory);
    } else if (vga_is_text_mode()) {
        e = kernel_map_mmio(PADDR(VGA_TEXT_BASE), VGA_TEXT_BYTES, PAGE_UNCACHED, &memory.base);
        if (!failed(e)) e = vga_console_start(memory);
    }
    if (failed(e)) log_warning("screen: %s", err_text(e));
    uart_console_start_input();
    if (!acpi.fadt.why && !acpi.fadt.has_8042) return;
    e = ps2_keyboard_start();
    if (failed(e)) log_info("keyboard: %s", err_text(e));
}

static void start_channel(void)
{
    struct byte_pipe *pipe;
    if (!options.has_channel) return;
    if (failed(uart_channel_start(&pipe))) {
        log_error("ck.channel=com2: there is no such port");
        return;
    }
    channel_start(pipe, container_signal);
    if (options.is_input_empty) channel_end_stdin();
    panic_hook = channel_send_panic;
}

/* An lz4 initramfs is unpacked into memory of its own, and the packed one given back. */
static void unpack_initrd(const void **archive, uint64_t *bytes)
{
    const char *why;
    uint64_t unpacked;
    if (!lz4_is_frame(*archive, *bytes)) return;
    err_t e = lz4_frame_content_bytes(*archive, *bytes, &unpacked, &why);
    if (failed(e)) panic("initrd: %s", why);
    uint64_t frames = align_up(unpacked, PAGE_BYTES) >> PAGE_SHIFT;
    paddr_t memory = frame_alloc_run(frames, PAGE_BYTES);
    if (is_paddr_none(memory) || !charge_try(CHARGE_FILE, frames))
        panic("initrd: %llu bytes unpacked do not fit in memory", (unsigned long long)unpacked);
    size_t done;
    e = lz4_frame_decompress(*archive, *bytes, direct_map(memory), unpacked, &done, &why);
    if (failed(e)) panic("initrd: %s", why);
    *archive = direct_map(memory);
    *bytes = done;
    frame_release_range(boot_info.initrd, boot_info.initrd_bytes);
}

/* With threads that stay, when the console is polled or a terminal of the host's is passed on. */
static void start_streams(void)
{
    stdio_init();
    if (options.rows && options.has_channel && !stdio_pass_terminal(options.rows, options.columns))
        panic("no memory for the terminal");
}

static void start_files(void)
{
    const void *archive = direct_map(boot_info.initrd);
    uint64_t bytes = boot_info.initrd_bytes;
    const char *why;
    if (!bytes) panic("initrd: there is none; the container's root file system must be one");
    unpack_initrd(&archive, &bytes);
    kernel_log_init();
    procfs_init(boot_info.cmdline);
    posix_queue_init();
    proc_net_init();
    gpu_amd_init();
    err_t e = rootfs_init(archive, bytes, &why);
    if (failed(e)) panic("initrd: %s", why);
}

static void attach_network(struct net_device *device)
{
    err_t e = interface_attach(device);
    if (failed(e)) log_error("network: %s", err_text(e));
}

static void ignore_network(struct net_device *device) { (void)device; }

/* Before any device of PCI is let at the bus. */
static void start_iommu(void)
{
    if (acpi.dmar.why || options.is_iommu_off) return;
    err_t e = vtd_start(&acpi.dmar, options.is_iommu_identity ? VTD_IDENTITY : VTD_DOMAINS);
    if (failed(e)) log_error("vtd: %s: devices reach all memory", err_text(e));
}

/* PCI is looked at only where somebody uses it. */
static void start_pci(bool has_network)
{
    if (!has_network && !options.has_gpu && acpi.dmar.why) return;
    err_t e = pci_init(&acpi, &boot_info);
    if (e.code == ERR_NO_MEMORY.code) log_error("pci: %s", err_text(e));
    if (failed(e)) return;
    start_iommu();
    if (has_network || options.has_gpu) virtio_probe_pci();
    if (options.has_gpu) ivshmem_probe();
}

static void start_devices(void)
{
    bool has_network = options.net[0] && strcmp(options.net, "none");
    if (has_network && !interface_configure(options.net))
        log_error("command line: net=%s makes no sense; addresses come by DHCP", options.net);
    virtio_net_found = has_network ? attach_network : ignore_network;
    virtio_probe_mmio(&acpi);
    gpu_link_found = paravirt_attach;
    start_pci(has_network);
}

/* Otherwise at the first use, and beside the first program. What they keep is not to be taken for the container's. */
static void start_early(void)
{
    if (!CONFIG_DEBUG) return;
    cpus_wait();
    if (failed(net_start())) log_error("network: %s", err_text(ERR_NO_MEMORY));
}

/* Nobody needs the files any more, so that all that was allocated since must be free: in debug builds what
 * is not is named. */
static void report_leaks(uint64_t mark)
{
    unix_collect_garbage();
    net_forget_ended();
    message_queue_fini();
    posix_queue_fini();
    semaphore_set_fini();
    shared_memory_fini();
    rootfs_fini();
    if (!heap_report(mark)) log_info("heap: all blocks of the container came back");
}

void kernel_main(uint32_t magic, uint32_t loader_facts)
{
    segments_init(&percpu_boot); /* locks ask which CPU this is */
    err_t no_serial = uart_console_start();
    (void)no_serial; /* a machine without one may have a screen */
    start_cpu();
    report_features();
    read_loader_facts(magic, loader_facts);
    read_acpi();
    arm_failure();
    start_memory();
    entropy_renew_stack_guard();
    sched_init();
    start_interrupts();
    start_clock();
    start_channel();
    start_consoles();
    cpus_start(&acpi.madt, &boot_info); /* they come once this thread sleeps */
    start_early();
    start_devices();
    start_streams();
    uint64_t mark = CONFIG_DEBUG ? heap_mark() : 0;
    start_files();
    syscall_init(options.is_traced, options.has_stats);
    if (options.has_stats) stats_next_call = syscall_count_next;
    interrupts_on();

    uint8_t code = kernel_payload(&boot_info);
    report_failure();
    if (CONFIG_DEBUG) report_leaks(mark);
    shutdown(code);
}
