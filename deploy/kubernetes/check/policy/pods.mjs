// How pods run.
import { isDeepStrictEqual } from 'node:util'
import {
  environmentOf,
  failures,
  ofKind,
  serversOf,
  taskServicesOf,
  titleOf,
  workloadsOf,
} from '../manifest.mjs'

const POD_CONTEXT = [
  'runAsNonRoot',
  'runAsUser',
  'runAsGroup',
  'fsGroup',
  'fsGroupChangePolicy',
  'seccompProfile',
]

const CONTAINER_CONTEXT = {
  allowPrivilegeEscalation: false,
  privileged: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
}

const VOLUMES = ['configMap', 'emptyDir', 'persistentVolumeClaim', 'secret']

const isSafeVolume = ({ name: _, ...sources }) =>
  Object.keys(sources).every((source) => VOLUMES.includes(source)) &&
  (sources.emptyDir === undefined || sources.emptyDir.sizeLimit !== undefined)

/**
 * The profile `restricted` (https://kubernetes.io/docs/concepts/security/pod-security-standards/) and a read-only root, as lists
 * of what is allowed: so a field that these manifests do not use yet is refused as well.
 */
export const podSecurity = (installation) =>
  workloadsOf(installation).flatMap(({ title, pod, containers }) => {
    const { securityContext: context = {}, volumes = [] } = pod
    return failures(title, {
      'run as a number that is not root': context.runAsNonRoot === true && context.runAsUser > 0,
      'have the seccomp profile RuntimeDefault': isDeepStrictEqual(context.seccompProfile, {
        type: 'RuntimeDefault',
      }),
      'set nothing else for its pods': Object.keys(context).every((key) =>
        POD_CONTEXT.includes(key),
      ),
      'have no rights in its containers': containers.every((one) =>
        isDeepStrictEqual(one.securityContext, CONTAINER_CONTEXT),
      ),
      'share nothing with its host': ![pod.hostNetwork, pod.hostPID, pod.hostIPC].includes(true),
      'take no port of its host': containers.every(({ ports = [] }) =>
        ports.every(({ hostPort }) => hostPort === undefined),
      ),
      'have only volumes of safe types, with a limit for emptyDir': volumes.every(isSafeVolume),
      'get no token of the Kubernetes API': pod.automountServiceAccountToken === false,
      'get no variables for each Service': pod.enableServiceLinks === false,
    })
  })

/** A namespace enforces `restricted`; production brings one. */
export const namespaceRestricted = (installation) => {
  const namespaces = ofKind(installation, 'Namespace')
  return [
    ...failures('production', {
      'have a namespace': !installation.isProduction || namespaces.length > 0,
    }),
    ...namespaces.flatMap((namespace) =>
      failures(titleOf(namespace), {
        'enforce restricted':
          namespace.metadata.labels['pod-security.kubernetes.io/enforce'] === 'restricted',
      }),
    ),
  ]
}

/** A liveness probe must not ask the database: a restart does not help it. */
const PATHS = { startupProbe: '/livez', livenessProbe: '/livez', readinessProbe: '/readyz' }

export const probes = (installation) => [
  ...serversOf(installation).flatMap(({ title, containers }) =>
    failures(title, {
      'have all three probes': containers.every((one) =>
        Object.keys(PATHS).every((probe) => one[probe]),
      ),
    }),
  ),
  ...taskServicesOf(installation).flatMap(({ title, containers: [container] }) =>
    Object.entries(PATHS).flatMap(([probe, path]) =>
      failures(`${title}: its ${probe}`, {
        [`ask ${path}`]: container[probe]?.httpGet?.path === path,
        'ask a port that it has': container.ports.some(
          ({ name }) => name === container[probe]?.httpGet?.port,
        ),
      }),
    ),
  ),
]

const QUANTITY = /^\d+(m|Ki|Mi|Gi)?$/

/** Memory is limited; CPU is not, as that would slow the service where the node has time to spare. */
export const resources = (installation) =>
  workloadsOf(installation).flatMap(({ title, containers }) =>
    containers.flatMap(({ resources: { requests = {}, limits = {} } = {} }) =>
      failures(title, {
        'request CPU and memory': QUANTITY.test(requests.cpu) && QUANTITY.test(requests.memory),
        'limit memory, and not CPU': QUANTITY.test(limits.memory) && limits.cpu === undefined,
      }),
    ),
  )

/** How long load balancers may still send requests after a pod gets its stop signal. */
const LEAVING_SECONDS = 5
/** The longest that the service waits for a request to arrive. */
const SLOWEST_REQUEST_SECONDS = 45

/** The task service listens where it is probed, and stops without cutting off a request. */
export const serving = (installation) =>
  taskServicesOf(installation).flatMap(({ title, pod, containers: [container] }) => {
    const { HOST, PORT, SHUTDOWN_DRAIN_MS = 0 } = environmentOf(installation, container)
    const preStop = container.lifecycle?.preStop?.sleep?.seconds ?? 0
    const needed = preStop + SHUTDOWN_DRAIN_MS / 1000 + SLOWEST_REQUEST_SECONDS
    return failures(title, {
      'listen on 0.0.0.0, at the port of its container':
        HOST === '0.0.0.0' && Number(PORT) === container.ports[0].containerPort,
      [`sleep ${LEAVING_SECONDS} s before it stops`]: preStop >= LEAVING_SECONDS,
      [`drain for ${LEAVING_SECONDS} s`]: SHUTDOWN_DRAIN_MS >= LEAVING_SECONDS * 1000,
      [`have a grace period of more than ${needed} s`]: pod.terminationGracePeriodSeconds > needed,
    })
  })

/** An image has a version, or is never pulled; in production the service's cannot change. */
export const image = (installation) => [
  ...workloadsOf(installation).flatMap(({ title, containers }) =>
    containers.flatMap(({ image, imagePullPolicy }) =>
      failures(title, {
        'name a version of its image':
          /:(?!latest)/.test(image) || imagePullPolicy === 'IfNotPresent',
      }),
    ),
  ),
  ...taskServicesOf(installation).flatMap(({ title, containers: [{ image }] }) =>
    failures(title, {
      'name its image by digest': !installation.isProduction || /@sha256:[0-9a-f]{64}$/.test(image),
    }),
  ),
]

/** One process owns an SQLite file; and in production no file is made, even if DATABASE_URL is missing. */
export const storage = (installation) =>
  taskServicesOf(installation).flatMap(({ title, spec, containers: [container] }) => {
    const { DATABASE_URL = '' } = environmentOf(installation, container)
    const isOnSqlite =
      DATABASE_URL.startsWith('sqlite:') || (DATABASE_URL === '' && !installation.isProduction)
    const mount = (container.volumeMounts ?? []).find(({ mountPath }) => mountPath === '/data')
    return failures(title, {
      'have one replica on SQLite, which ends before the next starts':
        !isOnSqlite || (spec.replicas === 1 && spec.strategy.type === 'Recreate'),
      'not be able to write /data in production':
        !installation.isProduction || mount?.readOnly === true,
    })
  })
