//! Monthly medians of i-Speed per commune and operator, with the number of samples behind each.

use crate::config::{Column, IspeedFormat, Role, Service};

/// The columns of its table.
pub(crate) fn columns(format: IspeedFormat) -> Vec<Column> {
    let service = match format.service {
        Service::Mobile => "mobile",
        Service::Fixed => "fixed",
    };
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let role = |is, names: &[&str]| Column { is: Some(is), headings: named(names), ..Column::default() };
    let speed = |direction: &str, names: &[&str]| Column {
        indicator: Some(format!("ispeed.{service}_{direction}")),
        headings: named(names),
        required: true,
        ..Column::default()
    };
    vec![
        role(Role::CommuneCode, &["Mã xã", "Mã ĐVHC", "commune_code"]),
        role(Role::CommuneName, &["Xã/phường", "Tên xã", "Xã", "ĐVHC", "Đơn vị hành chính", "commune"]),
        role(Role::Operator, &["Nhà mạng", "Doanh nghiệp", "operator"]),
        role(Role::Period, &["Tháng", "Kỳ", "month"]),
        role(Role::Samples, &["Số mẫu", "Số mẫu đo", "Mẫu", "samples"]),
        speed(
            "download",
            &["Tốc độ tải xuống", "Tải xuống trung vị", "Tải xuống", "Download", "download_mbps"],
        ),
        speed("upload", &["Tốc độ tải lên", "Tải lên trung vị", "Tải lên", "Upload", "upload_mbps"]),
        role(Role::Ignored, &["STT", "TT", "Ghi chú", "Độ trễ", "ping"]),
    ]
}
