# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# What this kernel has, found by looking into its headers: a distribution's
# kernel may have a newer interface than its version number says.

# $(call homa-feature,NAME,HEADER,PATTERN): defines HOMA_HAVE_NAME if a line of
# the header matches. A dot stands for what make would take for its own: comma
# and parenthesis.
homa-feature = $(shell grep -qE '$(3)' $(srctree)/include/$(2) && echo -DHOMA_HAVE_$(1))

ccflags-y += $(call homa-feature,HRTIMER_SETUP,linux/hrtimer.h,\<hrtimer_setup\>)
ccflags-y += $(call homa-feature,SIZED_SYSCTL,net/net_namespace.h,\<register_net_sysctl_sz\>)
ccflags-y += $(call homa-feature,CONST_CTL_TABLE,linux/sysctl.h,proc_handler.const struct ctl_table)
ccflags-y += $(call homa-feature,IPV6_PINFO_OFFSET,net/sock.h,\<ipv6_pinfo_offset\>)
ccflags-y += $(call homa-feature,SOCKADDR_UNSIZED,linux/socket.h,^struct sockaddr_unsized \{)
ccflags-y += $(call homa-feature,BPF_ADDR_LEN,linux/bpf-cgroup.h,BIND_LOCK.sk. uaddr. uaddrlen)
ccflags-y += $(call homa-feature,GENL_INFO_DUMP,net/genetlink.h,\<genl_info_dump\>)
# In struct task_struct what was in struct mm_struct.
ccflags-y += $(call homa-feature,EXEC_STATE,linux/sched.h,struct task_exec_state.*\*exec_state;)
# struct proto.recvmsg
ccflags-y += $(call homa-feature,RECVMSG_ADDR_LEN,net/sock.h,int flags. int \*addr_len.;)
# struct inet_diag_handler.owner
ccflags-y += $(call homa-feature,DIAG_OWNER,linux/inet_diag.h,struct module.*\*owner;)
ccflags-y += $(call homa-feature,DIAG_BC_DATA,linux/inet_diag.h,inet_diag_bc_sk.const struct inet_diag_dump_data)
ccflags-y += $(call homa-feature,NAMESPACE_STRING,linux/export.h,EXPORT_SYMBOL_NS_GPL.*"GPL". ns.)
ccflags-y += $(call homa-feature,GRO_NETWORK_OFFSET,net/gro.h,\<skb_gro_receive_network_offset\>)
ccflags-y += $(call homa-feature,FRAGS_READABLE,linux/skbuff.h,\<skb_frags_readable\>)
ccflags-y += $(call homa-feature,ZEROCOPY_DEVMEM,linux/skbuff.h,struct ubuf_info \*uarg. bool devmem.;)
# Once a macro, now an enumerator.
ccflags-y += $(call homa-feature,CUSTOM_SOCKOPT,linux/net.h,\<SOCK_CUSTOM_SOCKOPT\>)
# Later in a header of its own, net/proto_memory.h.
ccflags-y += $(call homa-feature,MEMORY_IN_SOCK_H,net/sock.h,\<sk_under_memory_pressure\>)
ccflags-y += $(call homa-feature,GSO_IN_NETDEVICE_H,linux/netdevice.h,\<skb_gso_segment\>)

# $(call homa-export,NAME,FUNCTION): defines HOMA_HAVE_NAME if modules may use
# the function. (Without a list of exports they may not.)
homa-export = $(shell grep -qsw '$(2)' $(objtree)/Module.symvers && echo -DHOMA_HAVE_$(1))

ccflags-y += $(call homa-export,SK_UPDATE_PMTU,ipv4_sk_update_pmtu)
