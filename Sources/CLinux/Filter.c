#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "no seccomp filter for this architecture"
#endif

// What no engine needs, whoever wrote it: ways to look into other processes,
// to change what the kernel or the machine is, to get out of a sandbox.
static const int never[] = {
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_pidfd_getfd, SYS_process_madvise,
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_fanotify_init, SYS_open_by_handle_at,
    SYS_name_to_handle_at, SYS_keyctl, SYS_add_key, SYS_request_key,
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_fsconfig,
    SYS_fsmount, SYS_fspick, SYS_mount_setattr, SYS_setns, SYS_unshare,
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load, SYS_reboot,
    SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl, SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime,
    SYS_adjtimex, SYS_sethostname, SYS_setdomainname, SYS_syslog, SYS_vhangup, SYS_lookup_dcookie, SYS_nfsservctl,
    SYS_personality,
#ifdef SYS_ioperm
    SYS_ioperm, SYS_iopl, SYS_modify_ldt, SYS_uselib, SYS_create_module, SYS_get_kernel_syms, SYS_query_module,
    SYS__sysctl, SYS_ustat, SYS_sysfs,
#endif
};

// What a server that has loaded its model on a Unix socket needs no more:
// other programs, new places for code, ways out.
static const int never_while_serving[] = {
    SYS_execve, SYS_execveat, SYS_memfd_create, SYS_connect, SYS_kill, SYS_tkill, SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo, SYS_pidfd_send_signal, SYS_pidfd_open, SYS_shmget, SYS_shmat, SYS_shmctl, SYS_msgget,
    SYS_semget, SYS_mq_open, SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid,
    SYS_setfsuid, SYS_setfsgid, SYS_setgroups, SYS_capset, SYS_mknodat, SYS_linkat, SYS_symlinkat, SYS_renameat2,
    SYS_fchmodat, SYS_fchownat, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_splice, SYS_vmsplice, SYS_tee,
#ifdef SYS_memfd_secret
    SYS_memfd_secret,
#endif
#ifdef SYS_fork
    SYS_fork, SYS_vfork, SYS_mknod, SYS_link, SYS_symlink, SYS_rename,
#endif
};

struct program {
    struct sock_filter *steps;
    size_t count, most;
};

static void step(struct program *program, uint16_t code, uint8_t yes, uint8_t no, uint32_t value) {
    if (program->count < program->most)
        program->steps[program->count] = (struct sock_filter){code, yes, no, value};
    program->count++;
}

static void load(struct program *program, size_t place) {
    step(program, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)place);
}

static void answer(struct program *program, uint32_t verdict) {
    step(program, BPF_RET | BPF_K, 0, 0, verdict);
}

static const uint32_t denied = SECCOMP_RET_ERRNO | EPERM;

static void deny(struct program *program, int call) {
    step(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)call);
    answer(program, denied);
}

// The low half of an argument: both architectures are little-endian.
static size_t argument(int number) {
    return offsetof(struct seccomp_data, args) + sizeof(uint64_t) * (size_t)number;
}

// Refuses the call where some bit of an argument is set; leaves the call's
// number loaded again.
static void deny_bits(struct program *program, int call, int number, uint32_t bits) {
    step(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, (uint32_t)call);
    load(program, argument(number));
    step(program, BPF_JMP | BPF_JSET | BPF_K, 0, 1, bits);
    answer(program, denied);
    load(program, offsetof(struct seccomp_data, nr));
}

// Refuses the call unless an argument, masked, is the value.
static void only(struct program *program, int call, int number, uint32_t mask, uint32_t value) {
    step(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 5, (uint32_t)call);
    load(program, argument(number));
    step(program, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
    step(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, value);
    answer(program, denied);
    load(program, offsetof(struct seccomp_data, nr));
}

size_t clinux_engine_filter(int serves, void *bytes, size_t most) {
    struct program program = {bytes, 0, most / sizeof(struct sock_filter)};
    load(&program, offsetof(struct seccomp_data, arch));
    step(&program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, OUR_ARCHITECTURE);
    answer(&program, SECCOMP_RET_KILL_PROCESS);
    load(&program, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
    // x32 has its own numbers for the same calls.
    step(&program, BPF_JMP | BPF_JGE | BPF_K, 0, 1, 0x40000000);
    answer(&program, SECCOMP_RET_KILL_PROCESS);
#endif
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) deny(&program, never[i]);
    if (serves) {
        for (size_t i = 0; i < sizeof never_while_serving / sizeof *never_while_serving; i++)
            deny(&program, never_while_serving[i]);
        // Its flags can't be looked at, they lie in memory: glibc falls back
        // to clone.
        step(&program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_clone3);
        answer(&program, SECCOMP_RET_ERRNO | ENOSYS);
        only(&program, SYS_clone, 0, CLONE_THREAD, CLONE_THREAD);
        only(&program, SYS_socket, 0, 0xFFFFFFFF, AF_UNIX);
        only(&program, SYS_socket, 1, 0xF, SOCK_STREAM);
        only(&program, SYS_socketpair, 0, 0xFFFFFFFF, AF_UNIX);
        deny_bits(&program, SYS_mmap, 2, PROT_EXEC);
        deny_bits(&program, SYS_mprotect, 2, PROT_EXEC);
        deny_bits(&program, SYS_pkey_mprotect, 2, PROT_EXEC);
        // Nor may it make itself readable again.
        step(&program, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, SYS_prctl);
        load(&program, argument(0));
        step(&program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, PR_SET_DUMPABLE);
        answer(&program, denied);
    }
    answer(&program, SECCOMP_RET_ALLOW);
    return program.count <= program.most ? program.count * sizeof(struct sock_filter) : 0;
}
