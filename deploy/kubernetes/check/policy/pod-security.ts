import { type Installation, ofKind, type Rule, titleOf, type Workload, workloadsOf } from './manifest.ts'
import type { Container, Handler, SecurityContext } from './shapes.ts'

// The profile `restricted` of https://kubernetes.io/docs/concepts/security/pod-security-standards/, control by control,
// and after it what this project asks beyond that.

/** The kinds of volumes that `restricted` admits. */
const VOLUMES: ReadonlySet<string> = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
])

const SAFE_SYSCTLS: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
])

const SELINUX_TYPES: ReadonlySet<string> = new Set([
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
])

/** What is wrong with each pod, each container and each security context, by what a control asks of them. */
const everyPod =
  (wrongs: (workload: Workload) => readonly (string | false)[]): Rule =>
  (installation) =>
    workloadsOf(installation).flatMap((workload) => told(workload.title, wrongs(workload)))

const everyContainer =
  (wrongs: (container: Container, workload: Workload) => readonly (string | false)[]): Rule =>
  (installation) =>
    workloadsOf(installation).flatMap((workload) =>
      workload.containers.flatMap((container) => told(`${workload.title} ${container.name}`, wrongs(container, workload))),
    )

const everyContext =
  (wrongs: (context: SecurityContext) => readonly (string | false)[]): Rule =>
  (installation) =>
    workloadsOf(installation).flatMap(({ title, pod, containers }) =>
      [pod, ...containers].flatMap(({ securityContext }) => told(title, wrongs(securityContext ?? {}))),
    )

const told = (title: string, wrongs: readonly (string | false)[]): readonly string[] =>
  wrongs.filter((wrong) => wrong !== false).map((wrong) => `${title}: ${wrong}`)

/** restricted: host namespaces. */
export const hostNamespaces = everyPod(({ pod }) => [
  pod.hostNetwork === true && 'uses the network of its host',
  pod.hostPID === true && 'sees the processes of its host',
  pod.hostIPC === true && 'shares the memory of its host',
])

/** restricted: privileged containers, and Windows host processes. */
export const privileged = everyContext(({ privileged, windowsOptions }) => [
  privileged === true && 'is privileged',
  windowsOptions?.hostProcess === true && 'is a process of its host',
])

/** restricted: capabilities. */
export const capabilities = everyContainer(({ securityContext }) => {
  const { drop = [], add = [] } = securityContext?.capabilities ?? {}
  return [
    !drop.includes('ALL') && 'does not drop all capabilities',
    add.some((name) => name !== 'NET_BIND_SERVICE') && 'adds a capability',
  ]
})

/** restricted: volume types, so that no path of the host is mounted. */
export const volumeTypes = everyPod(({ pod }) =>
  (pod.volumes ?? []).flatMap((volume) =>
    Object.keys(volume)
      .filter((key) => key !== 'name' && !VOLUMES.has(key))
      .map((key) => `has a volume of the type ${key}`),
  ),
)

/** restricted: host ports. */
export const hostPorts = everyContainer(({ ports = [] }) => [
  ports.some(({ hostPort }) => hostPort !== undefined && hostPort !== 0) && 'takes a port of its host',
])

/** restricted: probes and lifecycle handlers that name a host. */
export const handlerHosts = everyContainer(({ startupProbe, livenessProbe, readinessProbe, lifecycle = {} }) => {
  const handlers = [startupProbe, livenessProbe, readinessProbe, lifecycle.preStop, lifecycle.postStart]
  return [handlers.some((handler) => hostOf(handler) !== undefined) && 'has a probe or a handler that names a host']
})

const hostOf = (handler: Handler | undefined): string | undefined => handler?.httpGet?.host ?? handler?.tcpSocket?.host

/** restricted: AppArmor, SELinux, /proc mount type, sysctls. */
export const kernelSettings = everyContext(({ appArmorProfile, seLinuxOptions = {}, procMount = 'Default', sysctls = [] }) => [
  appArmorProfile?.type === 'Unconfined' && 'is not confined by AppArmor',
  !SELINUX_TYPES.has(seLinuxOptions.type ?? '') && 'has an SELinux type of its own',
  (seLinuxOptions.user !== undefined || seLinuxOptions.role !== undefined) && 'has an SELinux user or role of its own',
  procMount !== 'Default' && 'mounts /proc otherwise than by default',
  sysctls.some(({ name }) => !SAFE_SYSCTLS.has(name)) && 'sets an unsafe sysctl',
])

/** restricted: privilege escalation. */
export const privilegeEscalation = everyContainer(({ securityContext }) => [
  securityContext?.allowPrivilegeEscalation !== false && 'may gain privileges',
])

/** restricted: running as non-root, and here by a number, which the kubelet can check whatever the image says. */
export const notRoot = everyContainer(({ securityContext = {} }, { pod: { securityContext: pod = {} } }) => [
  (securityContext.runAsNonRoot ?? pod.runAsNonRoot) !== true && 'is not made to run as non-root',
  ((securityContext.runAsUser ?? pod.runAsUser) || 0) < 1 && 'has no user by number, or root',
])

/** restricted: seccomp. */
export const seccomp = everyContainer(({ securityContext = {} }, { pod: { securityContext: pod = {} } }) => {
  const type = (securityContext.seccompProfile ?? pod.seccompProfile)?.type
  return [type !== 'RuntimeDefault' && type !== 'Localhost' && 'has no seccomp profile']
})

/** Here: nothing is written into the image's files. */
export const readOnlyRoot = everyContainer(({ securityContext }) => [
  securityContext?.readOnlyRootFilesystem !== true && 'may write to its root file system',
])

/** Here: what may be written beside the data has a size. */
export const sizedTemporary = everyPod(({ pod }) => [
  (pod.volumes ?? []).some(({ emptyDir }) => emptyDir !== undefined && emptyDir.sizeLimit === undefined) &&
    'has an emptyDir without a sizeLimit',
])

/** Here: no pod holds a token of the Kubernetes API. */
export const noApiToken = everyPod(({ pod }) => [
  pod.automountServiceAccountToken !== false && 'gets a token of the Kubernetes API',
])

/** Here: no Service's address comes in as a variable, which could be taken for one of the service's own. */
export const noServiceLinks = everyPod(({ pod }) => [pod.enableServiceLinks !== false && 'gets variables for each Service'])

/** Here: a namespace that is made enforces `restricted`; production makes one. */
export const namespaceRestricted: Rule = (installation) => [
  ...(installation.isProduction && ofKind(installation, 'Namespace').length === 0
    ? ['production has no namespace of its own']
    : []),
  ...unrestricted(installation),
]

const unrestricted = (installation: Installation): readonly string[] =>
  ofKind(installation, 'Namespace')
    .filter(({ metadata }) => metadata.labels?.['pod-security.kubernetes.io/enforce'] !== 'restricted')
    .map((namespace) => `${titleOf(namespace)} does not enforce restricted`)
