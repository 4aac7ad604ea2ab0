/* The documents that Wiz is asked with. Values travel as variables alone. Graph searches are rendered by plan/. */
#include "source/wiz.h"

#define RULE_SMALL                                                                             \
	"sourceRule { __typename "                                                             \
	"... on Control { id name controlDescription: description resolutionRecommendation } " \
	"... on CloudEventRule { id name cloudEventRuleDescription: description } "            \
	"... on CloudConfigurationRule { id name cloudConfigurationRuleDescription: "          \
	"description remediationInstructions } } "
/* description differs by the kind of rule: without the aliases the fields would conflict. */
#define RULE                                                                      \
	"sourceRule { __typename "                                                \
	"... on Control { id name controlDescription: description "               \
	"resolutionRecommendation securitySubCategories { title category { name " \
	"framework { name } } } } "                                               \
	"... on CloudEventRule { id name cloudEventRuleDescription: description " \
	"sourceType type } "                                                      \
	"... on CloudConfigurationRule { id name "                                \
	"cloudConfigurationRuleDescription: description remediationInstructions " \
	"serviceType securitySubCategories { title category { name framework { name } } } } } "
#define SNAPSHOT_SMALL                                                                     \
	"entitySnapshot { id type nativeType name status cloudPlatform providerId region " \
	"subscriptionExternalId subscriptionName tags } "
#define SNAPSHOT                                                                          \
	"entitySnapshot { id type nativeType name status cloudPlatform cloudProviderURL " \
	"providerId externalId region resourceGroupExternalId subscriptionExternalId "    \
	"subscriptionName subscriptionTags tags } "
#define HEAD                                                                            \
	"id type status severity createdAt updatedAt dueAt resolvedAt statusChangedAt " \
	"resolutionReason "
#define NOTES "notes { id createdAt updatedAt text user { name email } serviceAccount { name } } "
#define ISSUE_SMALL HEAD RULE_SMALL SNAPSHOT_SMALL "projects { id name slug } " NOTES
#define ISSUE                                                                            \
	HEAD RULE SNAPSHOT                                                               \
	        "projects { id name slug businessUnit riskProfile { businessImpact } } " \
	        "serviceTickets { externalId name url } " NOTES
#define LIST(name, type, order, root, nodes)                                                    \
	"query " name "($first: Int, $after: String, $filterBy: " type ", $orderBy: " order     \
	") { " root "(first: $first, after: $after, filterBy: $filterBy, orderBy: $orderBy) { " \
	"totalCount pageInfo { hasNextPage endCursor } nodes { " nodes " } } }"

const char wiz_doc_issues[] = LIST("Issues", "IssueFilters", "IssueOrder", "issuesV2", ISSUE);
const char wiz_doc_issues_small[] =
        LIST("Issues", "IssueFilters", "IssueOrder", "issuesV2", ISSUE_SMALL);
const char wiz_doc_issue[] =
        LIST("Issue", "IssueFilters", "IssueOrder", "issuesV2", ISSUE "evidenceQuery ");
const char wiz_doc_issue_small[] =
        LIST("Issue", "IssueFilters", "IssueOrder", "issuesV2", ISSUE_SMALL);

const char wiz_doc_threat[] =
        LIST("Threat", "IssueFilters", "IssueOrder", "issuesV2",
             "id threatDetectionDetails { "
             "mainDetection { id severity description startedAt endedAt } "
             "actors { id name type externalId nativeType providerUniqueId accessKeyId } "
             "resources { id name type externalId nativeType providerUniqueId region } "
             "detections(first: 500) { nodes { id severity description startedAt endedAt } } } ");

const char wiz_doc_resources[] =
        LIST("Resources", "CloudResourceV2Filters", "CloudResourceOrder", "cloudResourcesV2",
             "id name type nativeType externalId providerUniqueId cloudPlatform region status "
             "firstSeen lastSeen deletedAt tags { key value } "
             "cloudAccount { id name externalId cloudProvider } projects { id name slug } "
             "owners { graphEntity { name } } technology { id name } "
             "graphEntity { id type properties publicExposures(first: 10) { nodes { id portRange "
             "sourceIpRange destinationIpRange path { id name type properties } } } } "
             "isAccessibleFromInternet isOpenToAllInternet hasSensitiveData "
             "hasAccessToSensitiveData hasAdminPrivileges hasHighPrivileges "
             "typeFields { ... on CloudResourceV2VirtualMachine { instanceType operatingSystem "
             "ipAddresses } } ");

const char wiz_doc_vulnerabilities[] =
        LIST("Vulnerabilities", "VulnerabilityFindingFilters", "VulnerabilityFindingOrder",
             "vulnerabilityFindings",
             "id name CVSSSeverity vendorSeverity score version fixedVersion detailedName "
             "locationPath remediation portalUrl hasExploit hasCisaKevExploit status "
             "firstDetectedAt ");

const char wiz_doc_projects[] = LIST("Projects", "ProjectFilters", "ProjectOrder", "projects",
                                     "id name businessUnit projectOwners { id name email } "
                                     "securityChampions { id name email } ");

const char wiz_doc_paths[] =
        "query Paths($query: GraphEntityQueryInput, $projectId: String, $first: Int, $quick: "
        "Boolean) { graphSearch(query: $query, projectId: $projectId, first: $first, quick: "
        "$quick) { pageInfo { endCursor hasNextPage } nodes { entities { id name type properties "
        "publicExposures(first: 10) { nodes { id portRange sourceIpRange destinationIpRange "
        "path { id name type properties } } } } } } }";

const char wiz_doc_count[] =
        "query Count($first: Int, $orderBy: IssueOrder) { issuesV2(first: $first, orderBy: "
        "$orderBy) { totalCount nodes { id statusChangedAt } } }";

const char wiz_doc_update[] =
        "mutation Update($issueId: ID!, $patch: UpdateIssuePatch) { updateIssue(input: {id: "
        "$issueId, patch: $patch}) { issue { id status resolutionReason } } }";

const char wiz_doc_note[] =
        "mutation Note($input: CreateIssueNoteInput!) { createIssueNote(input: $input) { "
        "issueNote { id text createdAt } } }";
