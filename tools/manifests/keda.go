package manifests

import meta "k8s.io/apimachinery/pkg/apis/meta/v1"

// ScaledObject is the part of KEDA's type that the manifests use (keda.sh/v1alpha1,
// https://keda.sh/docs/latest/reference/scaledobject-spec/). KEDA's own package
// imports its whole controller, which takes longer to build than everything else
// here.
type ScaledObject struct {
	meta.TypeMeta   `json:",inline"`
	meta.ObjectMeta `json:"metadata"`

	Spec struct {
		ScaleTargetRef struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			Name       string `json:"name"`
		} `json:"scaleTargetRef"`
		PollingInterval  *int32 `json:"pollingInterval"`
		CooldownPeriod   *int32 `json:"cooldownPeriod"`
		IdleReplicaCount *int32 `json:"idleReplicaCount"`
		MinReplicaCount  *int32 `json:"minReplicaCount"`
		MaxReplicaCount  *int32 `json:"maxReplicaCount"`
		Fallback         *struct {
			FailureThreshold int32  `json:"failureThreshold"`
			Replicas         int32  `json:"replicas"`
			Behavior         string `json:"behavior"`
		} `json:"fallback"`
		Triggers []struct {
			Type       string            `json:"type"`
			Name       string            `json:"name"`
			Metadata   map[string]string `json:"metadata"`
			MetricType string            `json:"metricType"`
		} `json:"triggers"`
	} `json:"spec"`
}
