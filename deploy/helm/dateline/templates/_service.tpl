{{/* labels: of each object, and the selectors. The argument is the name of the service. */}}
{{- define "dateline.labels" -}}
app.kubernetes.io/component: {{ . }}
app.kubernetes.io/name: dateline
{{- end }}

{{- define "dateline.image" -}}
{{ .root.Values.image.prefix }}-{{ .name }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{/* fromSecret: a setting whose value is a key of the Secret. */}}
{{- define "dateline.fromSecret" -}}
- name: {{ .setting }}
  valueFrom: { secretKeyRef: { name: {{ .root.Values.secret.name }}, key: {{ .key }} } }
{{- end }}

{{/* inBucket: not empty if the archive is in a bucket. */}}
{{- define "dateline.inBucket" -}}
{{- if and .Values.archiver.enabled .Values.archiver.bucket }}true{{ end }}
{{- end }}

{{/* bucketKeys: the keys for the bucket. Without them in the Secret, the pods use their role. */}}
{{- define "dateline.bucketKeys" -}}
- name: DATELINE_S3_ACCESS_KEY
  valueFrom: { secretKeyRef: { name: {{ .Values.secret.name }}, key: s3-access-key, optional: true } }
- name: DATELINE_S3_SECRET_KEY
  valueFrom: { secretKeyRef: { name: {{ .Values.secret.name }}, key: s3-secret-key, optional: true } }
{{- end }}

{{/* secrets: the data of the Secret, be it the chart's own or one that exists. */}}
{{- define "dateline.secrets" -}}
{{- if .Values.secret.data }}
{{- toJson .Values.secret.data }}
{{- else }}
{{- dig "data" dict (lookup "v1" "Secret" .Release.Namespace .Values.secret.name) | toJson }}
{{- end }}
{{- end }}

{{- define "dateline.lockedDown" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/*
service: the Deployment of a service, its PodDisruptionBudget, and the addresses of its pods. The argument has root,
name, and, as YAML, env, ports and initContainers.
archive is "read" or "write" if the service mounts the archive, and deliveries is true if it mounts that volume.
*/}}
{{- define "dateline.service" -}}
{{- $values := index .root.Values .name }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  labels:
    app.kubernetes.io/name: dateline
spec:
  {{- if not (kindIs "invalid" $values.replicas) }}
  replicas: {{ $values.replicas }}
  {{- end }}
  {{- if eq (.archive | default "") "write" }}
  strategy: { type: Recreate }
  {{- end }}
  revisionHistoryLimit: 3
  selector:
    matchLabels:
      {{- include "dateline.labels" .name | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "dateline.labels" .name | nindent 8 }}
      annotations:
        # New settings and new secrets replace the pods.
        checksum/settings: {{ include (print .root.Template.BasePath "/settings.yaml") .root | sha256sum }}
        checksum/secret: {{ include "dateline.secrets" .root | sha256sum }}
        prometheus.io/scrape: "true"
        prometheus.io/port: "9464"
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 30
      {{- with .root.Values.image.pullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        {{- if or .deliveries (eq (.archive | default "") "write") }}
        fsGroup: 65532
        {{- end }}
        seccompProfile: { type: RuntimeDefault }
      {{- with .archive }}
      volumes:
        - name: archive
          persistentVolumeClaim: { claimName: archive{{ if eq . "read" }}, readOnly: true{{ end }} }
      {{- end }}
      {{- if .deliveries }}
      volumes:
        - name: deliveries
          persistentVolumeClaim: { claimName: deliveries }
      {{- end }}
      {{- if ne (.archive | default "") "write" }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "dateline.labels" .name | nindent 14 }}
      {{- end }}
      {{- with .initContainers }}
      initContainers:
        {{- . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .name }}
          image: {{ include "dateline.image" . }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          envFrom:
            - configMapRef: { name: dateline }
          env:
            {{- .env | nindent 12 }}
          ports:
            - { name: admin, containerPort: 9464 }
            {{- with .ports }}
            {{- . | nindent 12 }}
            {{- end }}
          {{- with .archive }}
          volumeMounts:
            - { name: archive, mountPath: /archive{{ if eq . "read" }}, readOnly: true{{ end }} }
          {{- end }}
          {{- if .deliveries }}
          volumeMounts:
            - { name: deliveries, mountPath: /deliveries }
          {{- end }}
          startupProbe:
            httpGet: { path: /readyz, port: admin }
            periodSeconds: 2
            timeoutSeconds: 4
            failureThreshold: 60
          readinessProbe:
            httpGet: { path: /readyz, port: admin }
            periodSeconds: 5
            timeoutSeconds: 4
          # Liveness does not depend on NATS: a restart would not bring NATS back.
          livenessProbe:
            httpGet: { path: /healthz, port: admin }
            periodSeconds: 10
            timeoutSeconds: 4
          resources:
            {{- toYaml $values.resources | nindent 12 }}
          securityContext:
            {{- include "dateline.lockedDown" . | nindent 12 }}
{{- if ne (.archive | default "") "write" }}
---
# At most one is unavailable while nodes are drained.
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .name }}
  labels:
    app.kubernetes.io/name: dateline
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "dateline.labels" .name | nindent 6 }}
{{- end }}
---
# The address of each pod, ready or not, for "dateline doctor" and "dateline top".
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}-pods
  labels:
    app.kubernetes.io/name: dateline
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector:
    {{- include "dateline.labels" .name | nindent 4 }}
  ports:
    - { name: admin, port: 9464, targetPort: admin }
{{- end }}
