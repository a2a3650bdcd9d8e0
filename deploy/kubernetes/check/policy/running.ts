import { environmentOf } from './environment.ts'
import { isTaskService, type Rule, servicesOf, type Workload, workloadsOf } from './manifest.ts'
import type { Amounts, Container, Handler } from './shapes.ts'

/** The task service's probes: what only a restart mends, and what only waiting does. */
const PATHS = { startupProbe: '/livez', livenessProbe: '/livez', readinessProbe: '/readyz' } as const

const PROBES = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const

/** What serves has all three probes, on a port that it has; the task service's ask the right paths. */
export const probes: Rule = (installation) =>
  servicesOf(installation).flatMap((workload) =>
    workload.containers.flatMap((container) =>
      PROBES.flatMap((probe) =>
        wrongProbe(workload, container, probe).map((wrong) => `${workload.title}: its ${probe} ${wrong}`),
      ),
    ),
  )

const wrongProbe = (workload: Workload, container: Container, probe: (typeof PROBES)[number]): readonly string[] => {
  const handler = container[probe]
  if (handler === undefined) return ['is missing']
  const port = portOf(handler)
  const { ports = [] } = container
  return [
    ...(isTaskService(workload) && handler.httpGet?.path !== PATHS[probe] ? [`does not ask ${PATHS[probe]}`] : []),
    ...(port === undefined || ports.some(({ name, containerPort }) => port === name || port === containerPort)
      ? []
      : [`asks port ${port}, which the container does not have`]),
  ]
}

const portOf = ({ httpGet, tcpSocket }: Handler): string | number | undefined => httpGet?.port ?? tcpSocket?.port

/** Every container requests CPU and memory, is limited in memory, and in CPU is not. */
export const resources: Rule = (installation) =>
  workloadsOf(installation).flatMap(({ title, containers }) =>
    containers.flatMap(({ name, resources: { requests = {}, limits = {} } = {} }) =>
      wrongAmounts(requests, limits).map((wrong) => `${title} ${name} ${wrong}`),
    ),
  )

const wrongAmounts = (requests: Amounts, limits: Amounts): readonly string[] => [
  ...(requests.cpu === undefined ? ['requests no CPU'] : []),
  ...(requests.memory === undefined ? ['requests no memory'] : []),
  ...(limits.memory === undefined ? ['has no memory limit'] : []),
  ...(limits.cpu === undefined ? [] : ['has a CPU limit']),
  ...(toBytes(requests.memory) > toBytes(limits.memory) ? ['requests more memory than its limit'] : []),
]

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }

const toBytes = (amount: string | number = 0): number => {
  const [, digits = '', unit = ''] = /^([\d.]+)([a-zA-Z]*)$/.exec(String(amount)) ?? []
  return Number(digits) * (UNITS[unit] ?? Number.NaN)
}

/** A new connection may still come so long after a pod is told to go: for this long it goes on, then it drains for as long. */
const LEAVING_SECONDS = 5

/** The longest that the service waits for a request to arrive. */
const SLOWEST_REQUEST_SECONDS = 45

/** The task service goes on for five seconds when it is told to stop, and then drains for five. */
export const drain: Rule = (installation) =>
  servicesOf(installation)
    .filter(isTaskService)
    .flatMap(({ title, containers }) =>
      containers.flatMap((container) => [
        ...(preStopSeconds(container) < LEAVING_SECONDS ? [`${title} has no preStop sleep of ${LEAVING_SECONDS} s`] : []),
        ...(drainSeconds(environmentOf(installation, container)) < LEAVING_SECONDS
          ? [`${title} does not drain for ${LEAVING_SECONDS} s`]
          : []),
      ]),
    )

/** The grace period is longer than preStop, drain and the slowest request together. */
export const gracePeriod: Rule = (installation) =>
  servicesOf(installation)
    .filter(isTaskService)
    .flatMap(({ title, pod, containers }) => {
      const { terminationGracePeriodSeconds: grace = 30 } = pod
      const needed = containers.map(
        (container) => preStopSeconds(container) + drainSeconds(environmentOf(installation, container)) + SLOWEST_REQUEST_SECONDS,
      )
      return grace > Math.max(...needed) ? [] : [`${title} is killed after ${grace} s, but may need ${Math.max(...needed)} s`]
    })

const preStopSeconds = ({ lifecycle }: Container): number => lifecycle?.preStop?.sleep?.seconds ?? 0

const drainSeconds = (environment: ReadonlyMap<string, string>): number =>
  Number(environment.get('SHUTDOWN_DRAIN_MS') ?? '500') / 1000

/** What is served listens where the probes and the Service reach it. */
export const listens: Rule = (installation) =>
  servicesOf(installation)
    .filter(isTaskService)
    .flatMap(({ title, containers }) =>
      containers.flatMap((container) => {
        const environment = environmentOf(installation, container)
        const port = Number(environment.get('PORT') ?? '8000')
        return [
          ...(environment.get('HOST') === '0.0.0.0' ? [] : [`${title} does not listen on 0.0.0.0`]),
          ...((container.ports ?? []).some(({ containerPort }) => containerPort === port)
            ? []
            : [`${title} listens on port ${port}, which its container does not name`]),
        ]
      }),
    )

/** In production the service's image is one that cannot change; an image without a version is never asked of a registry. */
export const image: Rule = (installation) =>
  workloadsOf(installation).flatMap((workload) =>
    workload.containers.flatMap(({ image, imagePullPolicy }) => [
      ...(installation.isProduction && isTaskService(workload) && !/@sha256:[0-9a-f]{64}$/.test(image)
        ? [`${workload.title}: the image ${image} is not named by digest`]
        : []),
      ...(/(:(?!latest)[\w.-]+|@sha256:[0-9a-f]{64})$/.test(image) || imagePullPolicy === 'IfNotPresent'
        ? []
        : [`${workload.title}: the image ${image} has no version, and may be pulled anew`]),
    ]),
  )

/** In production no pod keeps tasks of its own: where the service would make an SQLite file for want of a database, it cannot. */
export const keepsNothing: Rule = (installation) =>
  servicesOf(installation)
    .filter((workload) => installation.isProduction && isTaskService(workload))
    .flatMap(({ title, containers }) =>
      containers
        .filter(
          ({ volumeMounts = [] }) => !volumeMounts.some(({ mountPath, readOnly }) => mountPath === '/data' && readOnly === true),
        )
        .map(() => `${title} may keep tasks in a pod's own /data`),
    )
