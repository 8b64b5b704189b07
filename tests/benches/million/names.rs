//! Names of companies as registers have them: made of forms, lines of business, proper names and places, each as often as
//! it roughly is, and the same ones in every run.

const FORMS: &[(&str, u64)] = &[
    ("Công ty TNHH", 38),
    ("Công ty TNHH Một thành viên", 17),
    ("Công ty Cổ phần", 27),
    ("Công ty TNHH MTV", 6),
    ("Doanh nghiệp tư nhân", 6),
    ("Hợp tác xã", 3),
    ("Tập đoàn", 1),
    ("Chi nhánh Công ty Cổ phần", 2),
];

const BUSINESS: &[&str] = &[
    "Thương mại và Dịch vụ",
    "Thương mại Dịch vụ",
    "Thương mại",
    "Xây dựng",
    "Xây dựng và Thương mại",
    "Đầu tư Xây dựng",
    "Đầu tư",
    "Đầu tư và Phát triển",
    "Sản xuất Thương mại",
    "Sản xuất",
    "Xuất nhập khẩu",
    "Vận tải",
    "Vận tải và Du lịch",
    "Cơ khí",
    "Công nghệ",
    "Công nghệ Thông tin",
    "Dược phẩm",
    "Thủy sản",
    "Nông sản",
    "May mặc",
    "Dệt may",
    "Gỗ",
    "Nội thất",
    "Nhựa",
    "Bao bì",
    "Điện tử",
    "Điện lạnh",
    "Vật liệu xây dựng",
    "Tư vấn Thiết kế",
    "Kiểm toán",
    "Bất động sản",
    "Giáo dục",
    "Thực phẩm",
    "Cà phê",
    "Cao su",
    "Hóa chất",
    "Logistics",
    "Quảng cáo",
    "In ấn",
    "Môi trường",
    "",
];

const PROPER: &[&str] = &[
    "Minh",
    "Phát",
    "An",
    "Thịnh",
    "Hoàng",
    "Long",
    "Hưng",
    "Thành",
    "Đạt",
    "Lộc",
    "Phú",
    "Quang",
    "Hải",
    "Đức",
    "Tân",
    "Đại",
    "Kim",
    "Ngọc",
    "Bảo",
    "Gia",
    "Thiên",
    "Khang",
    "Tâm",
    "Nhật",
    "Bắc",
    "Đông",
    "Sơn",
    "Hà",
    "Việt",
    "Nam",
    "Á",
    "Châu",
    "Anh",
    "Tuấn",
    "Dũng",
    "Cường",
    "Vinh",
    "Hòa",
    "Bình",
    "Tiến",
    "Trung",
    "Tín",
    "Nghĩa",
    "Trường",
    "Giang",
    "Lâm",
    "Hồng",
    "Thanh",
    "Thảo",
    "Linh",
    "Mai",
    "Lan",
    "Hương",
    "Vân",
    "Yến",
    "Phượng",
    "Hùng",
    "Dương",
    "Khánh",
    "Duy",
    "Quốc",
    "Thái",
    "Mỹ",
    "Lợi",
    "Hiệp",
    "Phong",
    "Vũ",
    "Nguyên",
    "Trí",
    "Đăng",
    "Khoa",
    "Kiên",
    "Nhân",
    "Phúc",
    "Toàn",
    "Thắng",
    "Vượng",
    "Xuân",
    "Hạ",
    "Thu",
    "Đỉnh",
    "Cát",
    "Tường",
    "Diệp",
    "Uyên",
    "Ý",
    "Ân",
    "Sao",
    "Rồng",
    "Sen",
];

const PLACES: &[&str] = &[
    "Hà Nội",
    "Sài Gòn",
    "Bắc Giang",
    "Bắc Ninh",
    "Quảng Ninh",
    "Hải Phòng",
    "Đà Nẵng",
    "Cần Thơ",
    "Đắk Lắk",
    "Đắk Nông",
    "Lâm Đồng",
    "Khánh Hòa",
    "Nghệ An",
    "Thanh Hóa",
    "Thái Nguyên",
    "Lào Cai",
    "Lạng Sơn",
    "Cao Bằng",
    "Điện Biên",
    "Đồng Nai",
    "Đồng Tháp",
    "Bình Dương",
    "Vũng Tàu",
    "Tây Ninh",
    "Cà Mau",
    "An Giang",
    "Kiên Giang",
    "Huế",
    "Hưng Yên",
    "Phú Thọ",
];

const ENDINGS: &[&str] = &["Vina", "Tech", "Group", "Global", "Food", "Plast", "Tex", "Mart", "Land", "Pharm"];

const COUNTRIES: &[(&str, u64)] = &[("VN", 965), ("KR", 12), ("JP", 9), ("CN", 8), ("US", 3), ("SG", 2), ("LB", 1)];

/// An organization of the benchmark.
pub struct Firm {
    pub display_name: String,
    pub short_name: String,
    pub country: String,
    pub tax_code: String,
}

/// The numbers that decide: SplitMix64, so that every run and every machine has the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len() as u64) as usize]
    }

    fn weighted<'a>(&mut self, of: &[(&'a str, u64)]) -> &'a str {
        let mut at = self.roll(of.iter().map(|(_, weight)| weight).sum());
        for (what, weight) in of {
            if at < *weight {
                return what;
            }
            at -= weight;
        }
        unreachable!("invariant: less than the sum of the weights")
    }
}

/// The organization of this number.
pub fn firm(number: u64) -> Firm {
    let mut dice = Dice(number.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ 20_261_122);
    // As with words everywhere, few proper names are frequent: the product of two rolls prefers the first ones.
    let proper = |dice: &mut Dice| {
        let sides = PROPER.len() as u64;
        PROPER[(dice.roll(sides) * dice.roll(sides) / sides) as usize]
    };
    let mut own = vec![proper(&mut dice), proper(&mut dice)];
    if dice.roll(100) < 35 {
        own.push(proper(&mut dice));
    }
    let own = own.join(" ");
    let mut name = vec![dice.weighted(FORMS).to_owned(), dice.one(BUSINESS).to_owned(), own.clone()];
    match dice.roll(100) {
        0..22 => name.push("Việt Nam".to_owned()),
        22..34 => name.push(dice.one(PLACES).to_owned()),
        34..38 => name.push(format!("{}{}", dice.one(ENDINGS), dice.roll(1_000))),
        _ => {}
    }
    name.retain(|part| !part.is_empty());
    Firm {
        display_name: name.join(" "),
        short_name: if dice.roll(3) == 0 {
            format!("{} {}", own.to_uppercase(), dice.one(ENDINGS))
        } else {
            String::new()
        },
        country: dice.weighted(COUNTRIES).to_owned(),
        tax_code: format!("{:02}{number:08}", 1 + dice.roll(63)),
    }
}
