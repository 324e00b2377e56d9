"""Who lives in the sample county, as plain data: places, people, offices, workshops. Nobody of them exists."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Somebody:
    """A made-up person. `school` is a key of SCHOOLS, "" for people of the county itself."""

    number: str
    name: str
    subject: str = ""
    stage: str = ""
    school: str = ""
    office: str = ""


REGION = "云溪县"
SCHOOLS = {"primary": "云溪县实验小学", "middle": "云溪县第二中学"}
PRIMARY, MIDDLE = "小学", "初中"

COUNTY: tuple[Somebody, ...] = (
    Somebody("YX-0001", "顾文澜", office="region_admin"),
    Somebody("YX-0002", "程远舟", "语文", office="county_trainer"),
)
TEACHERS: tuple[Somebody, ...] = (
    Somebody("YX-1001", "方静仪", "语文", PRIMARY, "primary", "principal"),
    Somebody("YX-1002", "罗秋平", "数学", PRIMARY, "primary", "school_admin"),
    Somebody("YX-1003", "沈雨桐", "语文", PRIMARY, "primary", "school_trainer"),
    Somebody("YX-1004", "林晓岚", "语文", PRIMARY, "primary"),
    Somebody("YX-1005", "周明月", "语文", PRIMARY, "primary"),
    Somebody("YX-1006", "何思齐", "语文", PRIMARY, "primary"),
    Somebody("YX-1007", "吕佳禾", "语文", PRIMARY, "primary"),
    Somebody("YX-1008", "唐书瑶", "语文", PRIMARY, "primary"),
    Somebody("YX-1009", "彭一帆", "数学", PRIMARY, "primary"),
    Somebody("YX-1010", "苏婉清", "数学", PRIMARY, "primary"),
    Somebody("YX-1011", "郑立行", "数学", PRIMARY, "primary"),
    Somebody("YX-1012", "梁可欣", "英语", PRIMARY, "primary"),
    Somebody("YX-1013", "马一鸣", "科学", PRIMARY, "primary"),
    Somebody("YX-1014", "石采薇", "音乐", PRIMARY, "primary"),
    Somebody("YX-1015", "冯子墨", "体育", PRIMARY, "primary"),
    Somebody("YX-2001", "谢长青", "历史", MIDDLE, "middle", "principal"),
    Somebody("YX-2002", "邓雪莹", "英语", MIDDLE, "middle", "school_admin"),
    Somebody("YX-2003", "韩知行", "数学", MIDDLE, "middle", "school_trainer"),
    Somebody("YX-2004", "曹若水", "数学", MIDDLE, "middle"),
    Somebody("YX-2005", "蒋书南", "数学", MIDDLE, "middle"),
    Somebody("YX-2006", "袁晨曦", "数学", MIDDLE, "middle"),
    Somebody("YX-2007", "潘望舒", "数学", MIDDLE, "middle"),
    Somebody("YX-2008", "薛怀瑾", "数学", MIDDLE, "middle"),
    Somebody("YX-2009", "叶青黛", "语文", MIDDLE, "middle"),
    Somebody("YX-2010", "卢之远", "语文", MIDDLE, "middle"),
    Somebody("YX-2011", "任安澜", "语文", MIDDLE, "middle"),
    Somebody("YX-2012", "钟灵毓", "物理", MIDDLE, "middle"),
    Somebody("YX-2013", "贺嘉言", "化学", MIDDLE, "middle"),
    Somebody("YX-2014", "孟归帆", "生物", MIDDLE, "middle"),
    Somebody("YX-2015", "秦知夏", "美术", MIDDLE, "middle"),
)


@dataclass(frozen=True, slots=True)
class Group:
    """A made-up workshop: people by their numbers."""

    key: str
    name: str
    subject: str
    about: str
    policy: str
    host: str
    cohost: str
    members: tuple[str, ...]
    waiting: tuple[str, ...] = ()  # have asked to join


GROUPS: tuple[Group, ...] = (
    Group(
        "reading", "小学语文阅读教学工坊", "语文",
        "一起磨课、一起读书：每周两篇教学日志，每月一次跨校听评课。", "approval", "YX-1003", "YX-0002",
        ("YX-1001", "YX-1004", "YX-1005", "YX-1006", "YX-1007", "YX-1008", "YX-1012", "YX-2009", "YX-2010"),
        ("YX-1014",),
    ),
    Group(
        "inquiry", "初中数学问题导学工坊", "数学",
        "从一个好问题开始一节课。分享导学案，讨论学生的真实想法。", "open", "YX-2003", "YX-2004",
        ("YX-2005", "YX-2006", "YX-2007", "YX-2008", "YX-1009", "YX-1010", "YX-1011", "YX-2012"),
    ),
)  # fmt: skip

# who gets a sign-in link with `make run`: a teacher, a host, the county's administrator
SIGN_IN = ("YX-1004", "YX-1003", "YX-0001")
