//! The table of methods: name, arguments, handler.

use ebs_shared::koji::xmlrpc::{MethodCall, Value};

use super::{builds, list_tasks, repos, service, side_tags, tagging, tags, tasks};
use crate::{
    koji::{
        args::Args,
        context::{Context, Failure},
    },
    world::{Refusal, State},
};

/// What runs a method.
pub(in crate::koji) type Handler = fn(&mut Context<'_>, &Args) -> Result<Value, Failure>;

/// Signature (see [`Args::bind`]) and handler of a method; `None` if the simulator does not know it.
#[rustfmt::skip]
pub(in crate::koji) fn find(method: &str) -> Option<(&'static str, Handler)> {
    Some(match method {
        "getAPIVersion" => ("", service::api_version),
        "getKojiVersion" => ("", service::koji_version),
        "hello" => ("*", service::hello),
        "echo" => ("*", service::echo),
        "fault" => ("", service::fault),
        "login" => ("user password opts? renew? exclusive?", service::login),
        "sslLogin" => ("proxyuser? proxyauthtype? renew? exclusive?", service::ssl_login),
        "logout" => ("session_id?", service::logout),
        "subsession" => ("", service::subsession),
        "exclusiveSession" => ("force?", service::exclusive),
        "getLoggedInUser" => ("", service::logged_in_user),
        "getUser" => ("userInfo? strict? krb_princs? groups?", service::get_user),
        "getLastEvent" => ("before? strict?", service::last_event),
        "_listapi" => ("", service::list_api),
        "getChannel" => ("channelInfo strict?", service::channel),
        "getBuildTarget" => ("info event? strict?", tags::build_target),
        "getBuildTargets" => ("info? event? buildTagID? destTagID? queryOpts?", tags::build_targets),
        "getTag" => ("tagInfo strict? event? blocked?", tags::get_tag),
        "getTagID" => ("info strict? create?", tags::tag_id),
        "getBuildConfig" => ("tag event?", tags::build_config),
        "getFullInheritance" => ("tag event? reverse?", tags::full_inheritance),
        "getInheritanceData" => ("tag event?", tags::inheritance),
        "listTags" => ("build? package? perms? queryOpts? pattern?", tags::list_tags),
        "listPackages" => ("tagID? userID? pkgID? prefix? inherited? with_dups? event? queryOpts? with_owners? with_blocked?", tags::list_packages),
        "getPackageConfig" => ("tag pkg event?", tags::package_config),
        "checkTagPackage" => ("tag pkg", tags::check_tag_package),
        "getPackage" => ("info strict? create?", tags::get_package),
        "createTag" => ("name parent? arches? perm? locked? maven_support? maven_include_all? extra?", tags::create_tag),
        "createSideTag" => ("basetag debuginfo? suffix?", side_tags::create),
        "removeSideTag" => ("sidetag", side_tags::remove),
        "listSideTags" => ("basetag? user? queryOpts?", side_tags::list),
        "editSideTag" => ("sidetag debuginfo? rpm_macros? remove_rpm_macros? extra? remove_extra?", side_tags::edit),
        "tagBuild" => ("tag build force? fromtag?", tagging::tag_build),
        "moveBuild" => ("tag1 tag2 build force?", tagging::move_build),
        "tagBuildBypass" => ("tag build force? notify?", tagging::tag_bypass),
        "untagBuild" => ("tag build strict? force?", tagging::untag_build),
        "untagBuildBypass" => ("tag build strict? force? notify?", tagging::untag_bypass),
        "listTagged" => ("tag event? inherit? prefix? latest? package? owner? type? strict? extra? draft?", tagging::list_tagged),
        "getLatestBuilds" => ("tag event? package? type? draft?", tagging::latest_builds),
        _ => return find_work(method),
    })
}

/// The methods about builds, tasks and repos.
#[rustfmt::skip]
fn find_work(method: &str) -> Option<(&'static str, Handler)> {
    Some(match method {
        "getBuild" => ("buildInfo strict?", builds::get_build),
        "listBuilds" => ("packageID? userID? taskID? prefix? state? volumeID? source? createdBefore? createdAfter? completeBefore? completeAfter? type? typeInfo? queryOpts? pattern? cgID? draft? promotedBefore? promotedAfter? promoter?", builds::list_builds),
        "getBuildLogs" => ("build", builds::build_logs),
        "cancelBuild" => ("buildID strict?", builds::cancel_build),
        "promoteBuild" => ("build force?", builds::promote),
        "build" => ("src target opts? priority? channel?", builds::build),
        "getTaskInfo" => ("task_id request? strict?", tasks::task_info),
        "listBuildroots" => ("hostID? tagID? state? rpmID? archiveID? taskID? buildrootID? repoID? queryOpts?", tasks::buildroots),
        "getTaskRequest" => ("taskId", tasks::task_request),
        "getTaskChildren" => ("task_id request? strict?", tasks::children),
        "getTaskDescendents" => ("task_id request?", tasks::descendents),
        "getTaskResult" => ("taskId raise_fault?", tasks::task_result),
        "taskFinished" => ("taskId", tasks::finished),
        "listTasks" => ("opts? queryOpts?", list_tasks::list_tasks),
        "cancelTask" => ("task_id recurse?", tasks::cancel),
        "cancelTaskFull" => ("task_id strict?", tasks::cancel_full),
        "resubmitTask" => ("taskID", tasks::resubmit),
        "listTaskOutput" => ("taskID stat? all_volumes? strict?", tasks::output),
        "downloadTaskOutput" => ("taskID fileName offset? size? volume?", tasks::download),
        "getRepo" => ("tag state? event? dist? min_event?", repos::get_repo),
        "repoInfo" => ("repo_id strict?", repos::repo_info),
        "repo.get" => ("tag min_event? at_event? opts?", repos::get),
        "repo.request" => ("tag min_event? at_event? opts? priority? force?", repos::request),
        "repo.checkRequest" => ("req_id", repos::check),
        "newRepo" => ("tag event? src? debuginfo? separate_src?", repos::new_repo),
        "tagLastChangeEvent" => ("tag before? inherit?", repos::last_change),
        "host.getHost" | "getHost" => ("hostInfo strict? event?", service::host),
        _ => return None,
    })
}

/// Whether a method's query runs only while the reply is written.
pub(in crate::koji) fn is_lazy(method: &str) -> bool {
    matches!(method, "listTasks" | "listBuilds" | "listTags")
}

/// The fault that a lazy list will end in, seen from its arguments alone.
pub(in crate::koji) fn lazy_fault(state: &State, call: &MethodCall) -> Option<Refusal> {
    let (signature, _) = find(&call.method)?;
    let args = Args::bind(&call.method, signature, &call.params, &call.named).ok()?;
    match call.method.as_ref() {
        "listTasks" => list_tasks::check(&args).err(),
        "listBuilds" => builds::check(state, &args).err(),
        _ => None,
    }
}
