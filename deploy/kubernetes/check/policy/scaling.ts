import { isOnSqlite } from './environment.ts'
import {
  type Installation,
  isTaskService,
  type Manifest,
  ofKind,
  type Rule,
  selects,
  servicesOf,
  titleOf,
  type Workload,
} from './manifest.ts'
import type { Selector } from './shapes.ts'

const targetOf = (installation: Installation, { spec }: Manifest): Workload | undefined =>
  servicesOf(installation).find(({ title }) => title === `${spec?.scaleTargetRef?.kind}/${spec?.scaleTargetRef?.name}`)

const autoscalersOf = (installation: Installation): readonly Manifest[] => ofKind(installation, 'HorizontalPodAutoscaler')

/** An autoscaler scales what exists. */
export const autoscalerTarget: Rule = (installation) =>
  autoscalersOf(installation)
    .filter((autoscaler) => targetOf(installation, autoscaler) === undefined)
    .map((autoscaler) => `${titleOf(autoscaler)} scales what is not there`)

/** An autoscaler's least is at least two and at most its most. */
export const autoscalerBounds: Rule = (installation) =>
  autoscalersOf(installation).flatMap((autoscaler) => {
    const { minReplicas = 1, maxReplicas = 0 } = autoscaler.spec ?? {}
    return [
      ...(minReplicas > maxReplicas ? [`${titleOf(autoscaler)} wants at least ${minReplicas} and at most ${maxReplicas}`] : []),
      ...(minReplicas < 2 ? [`${titleOf(autoscaler)} may go down to ${minReplicas} replica`] : []),
    ]
  })

/** What an autoscaler scales states no number of its own, which each apply would go back to. */
export const autoscalerOwnsReplicas: Rule = (installation) =>
  autoscalersOf(installation)
    .filter((autoscaler) => targetOf(installation, autoscaler)?.spec.replicas !== undefined)
    .map((autoscaler) => `${titleOf(autoscaler)} scales what states a number of replicas itself`)

/** An autoscaler measures what every container requests. */
export const autoscalerRequests: Rule = (installation) =>
  autoscalersOf(installation).flatMap((autoscaler) => {
    const containers = targetOf(installation, autoscaler)?.containers ?? []
    const measured = (autoscaler.spec?.metrics ?? []).flatMap(({ resource }) => resource?.name ?? [])
    if (measured.length === 0) return [`${titleOf(autoscaler)} measures no resource`]
    return measured
      .filter((name) => containers.some(({ resources }) => resources?.requests?.[name] === undefined))
      .map((name) => `${titleOf(autoscaler)} measures ${name}, which a container does not request`)
  })

/** A disruption budget has one bound, as the API takes no two. */
export const budgetBounds: Rule = (installation) =>
  ofKind(installation, 'PodDisruptionBudget')
    .filter(({ spec }) => (spec?.minAvailable === undefined) === (spec?.maxUnavailable === undefined))
    .map((budget) => `${titleOf(budget)} needs minAvailable or maxUnavailable, and not both`)

/** A disruption budget lets at least one pod go, or no node could ever be drained. */
export const budgetAllowsEviction: Rule = (installation) =>
  ofKind(installation, 'PodDisruptionBudget')
    .filter((budget) => evictable(budget, leastReplicas(installation, budget)) < 1)
    .map((budget) => `${titleOf(budget)} lets no pod go`)

const evictable = ({ spec = {} }: Manifest, replicas: number): number => {
  if (spec.maxUnavailable !== undefined) return toCount(spec.maxUnavailable, replicas)
  return replicas - toCount(spec.minAvailable ?? 0, replicas)
}

/** Percentages are rounded up, as Kubernetes does. */
const toCount = (bound: string | number, replicas: number): number =>
  typeof bound === 'number' ? bound : Math.ceil((Number.parseFloat(bound) / 100) * replicas)

const leastReplicas = (installation: Installation, budget: Manifest): number => {
  const { matchLabels = {} } = (budget.spec?.selector ?? {}) as Selector
  const workload = servicesOf(installation).find(({ labels }) => selects(matchLabels, labels))
  const autoscaler = autoscalersOf(installation).find((one) => targetOf(installation, one)?.title === workload?.title)
  return autoscaler?.spec?.minReplicas ?? workload?.spec.replicas ?? 1
}

/** One process owns an SQLite file: one replica, which ends before the next begins, and no autoscaler. */
export const sqliteAlone: Rule = (installation) =>
  servicesOf(installation)
    .filter((workload) => isTaskService(workload) && workload.containers.some((one) => isOnSqlite(installation, one)))
    .flatMap(({ title, spec }) => [
      ...(spec.replicas === 1 ? [] : [`${title} is on SQLite and does not state one replica`]),
      ...(spec.strategy?.type === 'Recreate' ? [] : [`${title} is on SQLite and its strategy is not Recreate`]),
      ...autoscalersOf(installation)
        .filter((autoscaler) => targetOf(installation, autoscaler)?.title === title)
        .map((autoscaler) => `${title} is on SQLite and ${titleOf(autoscaler)} scales it`),
    ])

/** In production an update takes no replica away before its successor serves. */
export const rolloutKeepsServing: Rule = (installation) =>
  productionDeployments(installation)
    .filter(({ spec }) => spec.strategy?.type !== 'RollingUpdate' || spec.strategy.rollingUpdate?.maxUnavailable !== 0)
    .map(({ title }) => `${title} is to roll with maxUnavailable 0`)

const SPREAD_OVER = ['topology.kubernetes.io/zone', 'kubernetes.io/hostname']

/** In production replicas are spread over zones and hosts. */
export const spreadOut: Rule = (installation) =>
  productionDeployments(installation).flatMap(({ title, pod }) =>
    SPREAD_OVER.filter((key) => !(pod.topologySpreadConstraints ?? []).some(({ topologyKey }) => topologyKey === key)).map(
      (key) => `${title} is not spread over ${key}`,
    ),
  )

/** In production the service has an autoscaler and a disruption budget. */
export const keptAvailable: Rule = (installation) =>
  productionDeployments(installation).flatMap(({ title, labels }) => [
    ...(autoscalersOf(installation).some(({ spec }) => `Deployment/${spec?.scaleTargetRef?.name}` === title)
      ? []
      : [`${title} has no autoscaler`]),
    ...(ofKind(installation, 'PodDisruptionBudget').some(({ spec }) =>
      selects((spec?.selector as Selector)?.matchLabels ?? {}, labels),
    )
      ? []
      : [`${title} has no disruption budget`]),
  ])

const productionDeployments = (installation: Installation): readonly Workload[] =>
  installation.isProduction ? servicesOf(installation).filter(({ manifest }) => manifest.kind === 'Deployment') : []
