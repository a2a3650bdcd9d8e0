// That what one manifest says of another is true.
import { failures, findManifest, ofKind, selects, titleOf, workloadsOf } from '../manifest.mjs'

/** What the pods of a workload refer to: titles, with the keys that must be in them. */
const referencesOf = ({ pod, containers }) => {
  const refer = (kind, { name, optional } = {}, keys = []) =>
    name && !optional ? [{ title: `${kind}/${name}`, keys }] : []
  const keysOf = ({ items = [] } = {}) => items.map(({ key }) => key)
  return [
    ...refer('ServiceAccount', { name: pod.serviceAccountName }),
    ...containers.flatMap(({ env = [], envFrom = [] }) => [
      ...envFrom.flatMap(({ configMapRef, secretRef }) => [
        ...refer('ConfigMap', configMapRef),
        ...refer('Secret', secretRef),
      ]),
      ...env.flatMap(({ valueFrom: { configMapKeyRef, secretKeyRef } = {} }) => [
        ...refer('ConfigMap', configMapKeyRef, [configMapKeyRef?.key]),
        ...refer('Secret', secretKeyRef, [secretKeyRef?.key]),
      ]),
    ]),
    ...(pod.volumes ?? []).flatMap(({ configMap, secret, persistentVolumeClaim }) => [
      ...refer('ConfigMap', configMap, keysOf(configMap)),
      ...refer('Secret', secret && { ...secret, name: secret.secretName }, keysOf(secret)),
      ...refer('PersistentVolumeClaim', { name: persistentVolumeClaim?.claimName }),
    ]),
  ]
}

export const references = (installation) =>
  workloadsOf(installation).flatMap((workload) =>
    referencesOf(workload).flatMap(({ title, keys }) => {
      const manifest = findManifest(installation, title)
      const held = { ...manifest?.data, ...manifest?.stringData }
      return failures(workload.title, {
        [`refer to a ${title} that exists, with ${keys}`]:
          manifest !== undefined && keys.every((key) => key in held),
      })
    }),
  )

export const mounts = (installation) =>
  workloadsOf(installation).flatMap(({ title, spec, pod, containers }) => {
    const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata)
    const volumes = [...(pod.volumes ?? []), ...claims].map(({ name }) => name)
    const mounted = containers.flatMap(({ volumeMounts = [] }) =>
      volumeMounts.map(({ name }) => name),
    )
    return failures(title, {
      'mount volumes that it has': mounted.every((name) => volumes.includes(name)),
      'mount every volume that it has': volumes.every((name) => mounted.includes(name)),
    })
  })

const podsFor = (installation, selector) =>
  workloadsOf(installation).filter(({ labels }) => selects(selector, labels))

/** Workloads, Services, disruption budgets, NetworkPolicies and monitors find what they select. */
export const selectors = (installation) => [
  ...workloadsOf(installation).flatMap(({ title, spec, labels }) =>
    failures(title, {
      'select its own pods': title.startsWith('Job/') || selects(spec.selector.matchLabels, labels),
    }),
  ),
  ...ofKind(installation, 'Service').flatMap((service) => {
    const containers = podsFor(installation, service.spec.selector).flatMap(
      (workload) => workload.containers,
    )
    const ports = containers
      .flatMap((container) => container.ports ?? [])
      .flatMap(({ name, containerPort }) => [name, containerPort])
    return failures(titleOf(service), {
      'send to a port of pods that exist': service.spec.ports.every(({ port, targetPort = port }) =>
        ports.includes(targetPort),
      ),
    })
  }),
  ...ofKind(installation, 'PodDisruptionBudget', 'NetworkPolicy').flatMap((manifest) => {
    const { selector, podSelector = selector } = manifest.spec
    const isForAll = manifest.kind === 'NetworkPolicy' && Object.keys(podSelector).length === 0
    return failures(titleOf(manifest), {
      'select pods that exist':
        isForAll || podsFor(installation, podSelector.matchLabels).length > 0,
    })
  }),
  ...ofKind(installation, 'ServiceMonitor').flatMap((monitor) => {
    const { selector, endpoints } = monitor.spec
    const services = ofKind(installation, 'Service').filter(({ metadata }) =>
      selects(selector.matchLabels, metadata.labels),
    )
    const ports = services.flatMap(({ spec }) => spec.ports.map(({ name }) => name))
    return failures(titleOf(monitor), {
      'scrape a port of a Service': endpoints.every(({ port }) => ports.includes(port)),
    })
  }),
]

/** Routes, autoscalers and StatefulSets name what exists. */
export const targets = (installation) => {
  const portsOf = (name) =>
    findManifest(installation, `Service/${name}`)?.spec.ports.flatMap((one) => [
      one.name,
      one.port,
    ]) ?? []
  const backendsOf = ({ spec }) =>
    spec.rules.flatMap(
      ({ http, backendRefs }) => backendRefs ?? http.paths.map(({ backend }) => backend.service),
    )
  return [
    ...ofKind(installation, 'Ingress', 'HTTPRoute').flatMap((route) =>
      failures(titleOf(route), {
        'lead to a port of a Service': backendsOf(route).every(({ name, port }) =>
          portsOf(name).includes(port.name ?? port.number ?? port),
        ),
      }),
    ),
    ...ofKind(installation, 'HorizontalPodAutoscaler').flatMap((autoscaler) => {
      const { kind, name } = autoscaler.spec.scaleTargetRef
      const target = findManifest(installation, `${kind}/${name}`)
      return failures(titleOf(autoscaler), {
        'scale what exists and states no replicas of its own':
          target !== undefined && target.spec.replicas === undefined,
      })
    }),
    ...ofKind(installation, 'StatefulSet').flatMap((set) =>
      failures(titleOf(set), {
        'have a headless Service':
          findManifest(installation, `Service/${set.spec.serviceName}`)?.spec.clusterIP === 'None',
      }),
    ),
  ]
}

/** Where a namespace is made, everything is in it; where none is, nothing names one. */
export const oneNamespace = (installation) => {
  const [namespace] = ofKind(installation, 'Namespace').map(({ metadata }) => metadata.name)
  return installation.manifests
    .filter(({ kind }) => kind !== 'Namespace')
    .flatMap((manifest) =>
      failures(titleOf(manifest), {
        [`be in the namespace ${namespace}`]: manifest.metadata.namespace === namespace,
      }),
    )
}
